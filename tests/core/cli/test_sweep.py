"""The command line: the contract's output in real processes, exit codes, one line of stderr."""

import csv
import io
import json
import math
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from support import checkpoints
from support.command_line import headsweep, refused

from core.checkpoints.catalogue import DEMO_FOLDER
from core.cli import main
from core.cli.run_spec import Swept
from core.demo.example import saved
from core.engine.oracle import ablated_logits, load_oracle
from core.results.result import COLUMNS, SweepResult
from core.spec.ablation import AblationKind
from core.spec.heads import Head
from core.spec.reference_set import DEFAULT, NAME

PROMPT = checkpoints.TEXT
NO_TEXT = b"a\xff"
"""An argument that is no UTF-8."""
CONTRACT = {"schema", "spec", "tokens", "target_tokens", "baseline", "heads", "provenance"}


def sweep(model, *arguments, prompt=PROMPT, target=" jumps", **options):
    return headsweep(
        "sweep", "--model", model, "--prompt", prompt, "--target", target, *arguments, **options
    )


@pytest.fixture
def swept(inside):
    """The sweep in this process."""

    def call(model, *arguments, prompt=PROMPT, target=" jumps"):
        return inside("sweep", "--model", model, "--prompt", prompt, "--target", target, *arguments)

    return call


def assert_equals_the_oracle(values, folder, prepend_bos):
    bridge = load_oracle(folder)
    words = bridge.tokenizer
    ids = words(PROMPT, add_special_tokens=False)["input_ids"]
    ids = torch.tensor([[words.bos_token_id, *ids] if prepend_bos else ids])
    (target,) = words(" jumps", add_special_tokens=False)["input_ids"]
    with torch.inference_mode():
        clean = bridge(ids)[0, -1].double().log_softmax(-1)
    assert values["baseline"]["logprob"] == pytest.approx(float(clean[target]), abs=1e-4)
    assert values["baseline"]["prob"] == pytest.approx(math.exp(clean[target]), abs=1e-4)
    assert values["baseline"]["rank"] == 1 + int((clean > clean[target]).sum())
    kind = AblationKind(values["spec"]["ablation"])
    shape = len(bridge.blocks), bridge.cfg.n_heads
    assert [(row["layer"], row["head"]) for row in values["heads"]] == [
        (layer, head) for layer in range(shape[0]) for head in range(shape[1])
    ]
    for row in values["heads"]:
        head = Head(row["layer"], row["head"])
        logp = ablated_logits(bridge, ids, head, kind)[-1].double().log_softmax(-1)
        assert row["label"] == head.label
        assert row["logprob_change"] == pytest.approx(float(logp[target] - clean[target]), abs=2e-4)
        assert math.log(row["prob"]) == pytest.approx(float(logp[target]), abs=1e-4)
        kl = float((clean.exp() * (clean - logp)).sum())
        assert row["kl"] == pytest.approx(kl, abs=2e-4)


@pytest.mark.slow
def test_json_on_the_embedded_model_equals_the_oracle():
    done = sweep("demo", "--format", "json")
    assert (done.returncode, done.stderr) == (0, "")
    values = json.loads(done.stdout)
    assert values["spec"]["ablation"] == "mean-across-heads"
    assert values["spec"]["prepend_bos"] is True
    assert_equals_the_oracle(values, DEMO_FOLDER, prepend_bos=True)


@pytest.mark.slow
def test_json_on_a_folder_of_ones_own_equals_the_oracle(swept, checkpoint):
    folder = checkpoint("llama")
    done = swept(folder, "--format", "json", "--device", "cpu", "--no-bos", "--ablation", "zero")
    assert (done.returncode, done.stderr) == (0, "")
    values = json.loads(done.stdout)
    assert set(values) >= CONTRACT
    assert values["schema"] == "headsweep.sweep/1"
    assert {"prob", "logprob", "rank", "logit_diff", "top"} <= set(values["baseline"])
    assert tuple(values["heads"][0]) == COLUMNS
    assert values["spec"]["prepend_bos"] is False
    assert values["baseline"]["logit_diff"] is None
    assert SweepResult.from_dict(values).complete
    assert_equals_the_oracle(values, folder, prepend_bos=False)


@pytest.mark.slow
def test_every_option_reaches_the_spec(swept, checkpoint):
    done = swept(
        checkpoint("gpt2"),
        *("--target", " over", "--foil", " fox", "--ablation", "zero", "--positions", "5,0,3"),
        *("--no-bos", "--weights", "raw", "--dtype", "bfloat16", "--format", "json"),
        *("--device", "cpu"),
    )
    assert done.returncode == 0, done.stderr
    values = json.loads(done.stdout)
    assert values["spec"] == {
        "model": str(checkpoint("gpt2")),
        "prompt": PROMPT,
        "target": [" jumps", " over"],
        "foil": " fox",
        "ablation": "zero",
        "corrupted_prompt": None,
        "reference": None,
        "positions": [0, 3, 5],
        "prepend_bos": False,
        "weights": "raw",
        "dtype": "bfloat16",
    }
    assert values["provenance"]["dtype"] == "bfloat16"
    assert isinstance(values["heads"][0]["logit_diff_change"], float)


@pytest.fixture
def parsed(monkeypatch, capfd):
    """The command line without the engine: the spec it makes, and the saved example printed."""

    def call(*arguments):
        made = []

        def run(spec, device, report):
            made.append(spec)
            return Swept(replace(saved(), spec=spec.resolved(prepend_bos=True), _index={}))

        # What was not measured is kept by nobody.
        monkeypatch.setattr("core.cli.run_spec._new", run)
        named = ["sweep", "--fresh", "--prompt", PROMPT, "--target", " jumps", *map(str, arguments)]
        with pytest.raises(SystemExit) as end:
            main(named)
        done = subprocess.CompletedProcess(named, end.value.code, *capfd.readouterr())
        return (made[0] if made else None), done

    return call


def test_a_corrupted_prompt_reaches_the_spec_and_the_table(parsed):
    other = PROMPT.replace("quick brown", "brown quick", 1)
    spec, done = parsed("--ablation", "resample", "--corrupted-prompt", other)
    assert (done.returncode, done.stderr) == (0, "")
    assert (spec.ablation, spec.corrupted_prompt) == (AblationKind.RESAMPLE, other)
    heading = " ".join(done.stdout.split())
    assert "resample ablation from “The brown quick fox" in heading
    assert "every position · BOS first · processed weights" in heading
    assert "resample ablation" not in parsed("--positions", "last")[1].stdout


def test_the_table_is_sorted_by_the_metric_asked_for_and_speaks_of_it(parsed):
    result = saved()
    plain = " ".join(parsed()[1].stdout.split())
    assert "The largest by Change in P(target). Shown at first, because from 84.5 % " in plain
    done = parsed("--metric", "log-odds")[1]
    text = " ".join(done.stdout.split())
    assert (done.returncode, done.stderr) == (0, "")
    assert "The largest by Change in log odds of the target. " in text
    assert "Shown at first" not in text
    assert "lowered the log odds of ␣jumps most: L0H0" in text
    rows = [line.split()[0] for line in done.stdout.splitlines() if re.match(r"L\dH\d ", line)]
    assert rows == [effect.address.label for effect in result.ranked("logodds_change")]


@pytest.mark.parametrize(
    ("metric", "said"),
    [("surprise", "--metric: 'surprise' is not a metric: use prob, log-prob, log-odds, "),
     ("", "--metric: '' is not a metric"),
     ("logit-diff", "--metric: The logit diff compares the target with a foil: give one")],
)  # fmt: skip
def test_a_metric_that_there_is_not_is_refused_before_any_work(parsed, metric, said):
    spec, done = parsed("--metric", metric)
    assert spec is None
    assert said in refused(done)


def test_a_reference_file_reaches_the_spec_and_the_table(parsed, tmp_path):
    path = tmp_path / "reference.txt"
    path.write_bytes("\ufeffThe fox.\r\n\r\nA 🙂 dog\r\n".encode())
    spec, done = parsed("--ablation", "mean", "--reference-file", path, "--positions", "3,7")
    assert (done.returncode, done.stderr) == (0, "")
    assert spec.reference == ("The fox.", "A 🙂 dog")
    heading = " ".join(done.stdout.split())
    assert "mean ablation against 2 reference prompts, positions 3 and 7" in heading


def test_mean_positional_needs_a_file_whose_texts_fit(parsed, tmp_path):
    path = tmp_path / "reference.txt"
    path.write_text(f"{PROMPT.replace('fox', 'dog')}\n{PROMPT.replace('quick', 'lazy')}\n")
    spec, done = parsed("--ablation", "mean-positional", "--reference-file", path)
    assert (done.returncode, done.stderr) == (0, "")
    assert (spec.ablation, len(spec.reference)) == (AblationKind.MEAN_POSITIONAL, 2)
    assert "mean-positional ablation against 2 reference prompts" in " ".join(done.stdout.split())
    spec, done = parsed("--ablation", "mean-positional")
    assert (spec, done.returncode) == (None, 2)
    assert "Mean-positional ablation needs a reference set" in done.stderr


@pytest.mark.parametrize("command", ["sweep", "head"])
def test_a_reference_text_that_misfits_is_named_by_its_line_in_the_file(inside, tmp_path, command):
    path = tmp_path / "reference.txt"
    path.write_bytes(f"\n{PROMPT}\r\n \r\n\nThe dog\n".encode())
    asked = ["--prompt", PROMPT, "--target", " jumps", "--ablation", "mean-positional"]
    own = ["--head", "L0H0"] if command == "head" else []
    said = refused(inside(command, *asked, *own, "--reference-file", path))
    assert said.startswith(f"headsweep: --reference-file: {str(path)!r}: Line 5 (“The dog”) has ")
    assert "Reference prompt" not in said


def test_mean_without_a_file_names_the_default_set_and_records_it(parsed):
    spec, done = parsed("--ablation", "mean", "--format", "json")
    assert spec.reference is None
    assert json.loads(done.stdout)["spec"]["reference"] == list(DEFAULT)
    table = " ".join(parsed("--ablation", "mean")[1].stdout.split())
    assert f"mean ablation against {NAME}, every position" in table


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--ablation", "resample"], "--corrupted-prompt: Resample ablation needs"),
        (["--ablation", "resample", "--corrupted-prompt", ""], "--corrupted-prompt: Resample"),
        (["--ablation", "resample", "--corrupted-prompt", " "], "--corrupted-prompt: The corrupt"),
        (["--ablation", "resample", "--corrupted-prompt", "a\udcff"], "U+DCFF"),
        (["--corrupted-prompt", "a"], "--corrupted-prompt: A corrupted prompt is used by resample"),
        (["--reference-file", "{good}"], "--reference-file: A reference set is used by mean"),
        (["--ablation", "mean", "--reference-file", "{none}"], "--reference-file: There is no"),
        (["--ablation", "mean", "--reference-file", "."], "--reference-file: '.' is a folder"),
        (["--ablation", "mean", "--reference-file", "{blank}"], "The reference set is empty"),
        (["--ablation", "mean", "--reference-file", "{latin}"], "byte 4 is 0xE9"),
    ],
)
def test_bad_corrupted_prompts_and_reference_files_name_their_option(
    parsed, tmp_path, arguments, said
):
    files = {name: tmp_path / name for name in ("good", "blank", "latin", "none")}
    files["good"].write_text("The fox.\n")
    files["blank"].write_text("\n \r\n")
    files["latin"].write_bytes(b"caf\xe9")
    spec, done = parsed(*(argument.format(**files) for argument in arguments))
    assert spec is None
    assert said in refused(done)


@pytest.mark.slow
def test_csv_goes_to_a_file_with_the_same_columns(swept, checkpoint, tmp_path):
    out = tmp_path / "result.csv"
    done = swept(checkpoint("gpt2"), "--format", "csv", "--out", out)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    rows = list(csv.DictReader(io.StringIO(out.read_text(encoding="utf-8"))))
    assert tuple(rows[0]) == COLUMNS
    assert [row["label"] for row in rows] == [f"L{n}H{h}" for n in range(3) for h in range(4)]
    assert all(row["logit_diff_change"] == "" and float(row["prob"]) > 0 for row in rows)


@pytest.mark.slow
def test_the_table_says_what_was_done(swept, checkpoint):
    done = swept(checkpoint("gpt2"), prompt="The 🙂\x1b[31m fox", target=" jumps")
    assert (done.returncode, done.stderr) == (0, "")
    assert "P(␣jumps)" in done.stdout
    assert done.stdout.count("\n") >= 14
    assert all(f"L{n}H{h}" in done.stdout for n in range(3) for h in range(4))
    assert "\x1b" not in done.stdout


def test_models_are_listed(inside):
    done = inside("models")
    assert (done.returncode, done.stderr) == (0, "")
    assert "gpt2-small" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--prompt", "", "--target", " a"], "--prompt: The prompt is empty"),
        (["--prompt", " \n", "--target", " a"], "--prompt: The prompt is blank"),
        (["--prompt", "a", "--target", ""], "--target: The target is empty"),
        (["--prompt", "a" * 100_000, "--target", " a"], "100,000 characters"),
        (["--prompt", "a", "--target", " a", "--foil", " a"], "--foil: "),
        (["--prompt", "a", "--target", " a", "--positions", "first"], "--positions: 'first'"),
        (["--prompt", "a", "--target", " a", "--positions", "-1"], "--positions: [-1]"),
        (["--prompt", "a", "--target", " a", "--positions", "0,1_0"], "use all, last, or numbers"),
        (["--prompt", "a", "--target", " a", "--positions", "+1"], "use all, last, or numbers"),
        (["--prompt", "a", "--target", " a", "--positions", "٣"], "use all, last, or numbers"),
        (["--prompt", "a", "--target", " a", "--ablation", "noise"], "noise"),
        (["--prompt", "a", "--target", " a", "--format", "xml"], "xml"),
        (["--prompt", "a", "--target", " a", "--device", "tpu"], "tpu"),
        (["--prompt", "a", "--target", " a", "--out", "/no/such/folder/x"], "--out: "),
        (["--prompt", "a", "--target", " a", "--out", "."], "is a folder"),
        (["--prompt", "a", "--target", " a", "--nonsense"], "--nonsense"),
        (["--target", " a"], "--prompt"),
        (["--prompt", os.fsdecode(NO_TEXT), "--target", " a"], "U+DCFF"),
    ],
)
def test_bad_input_is_one_line_and_code_2(inside, arguments, said):
    assert said in refused(inside("sweep", *arguments))


@pytest.mark.slow
@pytest.mark.parametrize(("prompt", "said"), [("", "--prompt: The prompt"), (NO_TEXT, "U+DCFF")])
def test_bad_input_of_a_real_process_is_one_line_and_code_2(prompt, said):
    assert said in refused(headsweep("sweep", "--prompt", prompt, "--target", " a"))


@pytest.mark.slow
def test_what_only_the_model_can_tell_is_bad_input_too(swept, checkpoint, tmp_path):
    assert "66 tokens" in refused(swept(checkpoint("gpt2"), prompt=" fox" * 65))
    assert "config.json" in refused(swept(tmp_path))
    assert "--model: There is no folder '/no/such'" in refused(swept("/no/such"))


def test_an_unknown_command_is_bad_input(inside):
    assert "nonsense" in refused(inside("nonsense"))


def test_anything_else_is_code_1(swept, checkpoint):
    """A full disk is not the user's input; /dev/full plays one."""
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    done = swept(checkpoint("gpt2"), "--format", "json", "--out", "/dev/full")
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("headsweep: ")
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_the_console_script_is_the_same_program():
    script = Path(sys.executable).with_name("headsweep")
    done = subprocess.run([script, "--help"], capture_output=True, encoding="utf-8", timeout=60)
    assert done.returncode == 0
    assert "sweep" in done.stdout
    assert done.stderr == ""

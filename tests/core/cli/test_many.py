"""`headsweep sweep --specs`: a spec a line, a result a line, each model loaded once."""

import json
from dataclasses import replace

import pytest
from support.command_line import refused

from core.demo.example import SPEC
from core.results.result import SweepResult
from core.spec.ablation import AblationKind
from core.sweep.sweep import run_sweep

PANGRAM = ("--prompt", SPEC.prompt, "--target", SPEC.target)
ZERO = replace(SPEC, ablation=AblationKind.ZERO)
RAW = replace(ZERO, weights="raw")


@pytest.fixture
def specs_file(tmp_path):
    def write(*lines):
        path = tmp_path / "specs.jsonl"
        texts = [line if isinstance(line, str) else json.dumps(line.to_dict()) for line in lines]
        path.write_text("\n".join(texts) + "\n", encoding="utf-8")
        return path

    return write


def results(text):
    return {row["line"]: SweepResult.from_dict(row) for row in map(json.loads, text.splitlines())}


def test_each_line_is_the_sweep_of_its_spec(inside, specs_file, demo):
    done = inside("sweep", "--specs", specs_file(ZERO, "", SPEC), "--fresh")
    assert (done.returncode, done.stderr) == (0, "")
    found = results(done.stdout)
    assert list(found) == [1, 3]
    for line, spec in ((1, ZERO), (3, SPEC)):
        expected = run_sweep(demo, spec)
        assert found[line].spec == expected.spec
        assert found[line].values("prob_change") == pytest.approx(
            expected.values("prob_change"), abs=1e-5
        )


def test_a_file_without_any_spec_is_said(inside, specs_file):
    assert "holds no spec" in refused(inside("sweep", "--specs", specs_file("", " ")))


def test_wrong_lines_are_named_and_the_others_go_on(inside, specs_file, tmp_path):
    out = tmp_path / "found.jsonl"
    lines = specs_file(
        "nope",
        SPEC,
        json.dumps(SPEC.to_dict() | {"colour": "red"}),
        json.dumps(SPEC.to_dict() | {"model": "no/such/folder/x"}),
        "[1]",
        json.dumps({"model": "demo", "prompt": "x" * 9}),
    )
    done = inside("sweep", "--specs", lines, "--out", out)
    assert (done.returncode, done.stdout) == (2, "")
    assert list(results(out.read_text(encoding="utf-8"))) == [2]
    said = sorted(done.stderr.splitlines())
    assert [line.split(":")[2].strip() for line in said] == [f"line {n}" for n in (1, 3, 4, 5, 6)]
    assert "it is not JSON (Expecting value, at character 1)" in said[0]
    assert "no field 'colour'" in said[1]
    assert "A spec is a JSON object, not a list" in said[3]
    assert "lacks the field 'target'" in said[4]
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_a_model_is_loaded_once_however_its_lines_are_mixed(inside, specs_file, monkeypatch):
    """The specs of one model are swept next to each other; results say their lines."""
    from core.checkpoints import registry

    loads = []
    found = registry.Registry()
    monkeypatch.setattr(registry, "MODELS", found)
    get = found.get
    monkeypatch.setattr(found, "get", lambda key, *rest: (loads.append(key), get(key, *rest))[1])
    done = inside("sweep", "--specs", specs_file(ZERO, RAW, SPEC), "--fresh")
    assert done.returncode == 0
    assert list(results(done.stdout)) == [1, 3, 2]
    assert [key.weights for key in loads] == ["processed", "processed", "raw"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (PANGRAM, "--specs: --prompt is given too: leave it out"),
        (("--ablation", "zero"), "--specs: --ablation is given too"),
        (
            ("--metric", "kl"),
            "--metric is given too: leave it out, the results are JSON, with every",
        ),
        (("--rows", "layers"), "--rows is given too: leave it out, the results are JSON, without"),
        (("--format", "csv"), "--specs: The results are JSON, one a line"),
        (("--out", "."), "--out: '.' is a folder"),
    ],
)
def test_what_a_line_says_is_not_said_twice(inside, specs_file, arguments, said):
    assert said in refused(inside("sweep", "--specs", specs_file(SPEC), *arguments))


def test_a_sweep_needs_a_prompt_and_a_target_or_a_file(inside, tmp_path):
    assert "--prompt: This is missing" in refused(inside("sweep"))
    assert "--target: This is missing" in refused(inside("sweep", "--prompt", "x"))
    missing = refused(inside("sweep", "--specs", tmp_path / "none.jsonl"))
    assert "--specs: " in missing
    assert "cannot be read" in missing

"""`headsweep patch`: what the core's patching finds, and every refusal."""

import json
import math
import re
from dataclasses import replace

import numpy as np
import pytest
from support import specs
from support.command_line import headsweep, refused

from core.circuits.patching import Direction, iter_patching
from core.circuits.stream_patching import iter_stream_patching
from core.demo.example import SPEC
from core.spec.heads import all_heads
from core.sweep.prepare import prepare
from core.sweep.sweep import run_sweep

RESAMPLED = replace(SPEC, ablation="resample", corrupted_prompt=specs.CORRUPTED)
ASKED = ("patch", "--prompt", SPEC.prompt, "--target", SPEC.target)
CORRUPTED = ("--ablation", "resample", "--corrupted-prompt", specs.CORRUPTED)
NUMBERS = ("clean", "corrupted", "values", "normalised")


def strict(text):
    """JSON as the standard has it: no NaN, no infinity."""

    def refuse(constant):
        raise ValueError(f"{constant} is no JSON")

    return json.loads(text, parse_constant=refuse)


def patched(model, spec, direction, *what):
    *_, (_, result) = iter_patching(model, spec, direction, *what)
    return result.to_dict()


def assert_same(found, expected):
    """Equal but for rounding, which may differ with the number of threads."""
    assert {**found, **dict.fromkeys(NUMBERS)} == {**expected, **dict.fromkeys(NUMBERS)}
    for name in NUMBERS:
        assert np.array(found[name], float) == pytest.approx(np.array(expected[name]), abs=1e-4)


@pytest.fixture(scope="module")
def kept():
    return {}


@pytest.fixture
def told(inside, kept):
    """told(*options): the JSON printed in this process; each is run once."""

    def call(*options):
        if options not in kept:
            done = inside(*ASKED, *CORRUPTED, *options, "--device", "cpu")
            assert (done.returncode, done.stderr) == (0, "")
            kept[options] = strict(done.stdout)
        return kept[options]

    return call


def test_both_directions_are_what_the_core_finds(told, demo):
    found = told()
    both = ("denoise", "noise")
    assert [*found] == ["schema", "spec", *both, "sentences", "by_position", "provenance"]
    assert found["schema"] == "headsweep.patch/2"
    assert found["spec"] == prepare(demo, RESAMPLED).spec.to_dict()
    assert found["by_position"] is None
    assert found["provenance"]["model_fingerprint"] == demo.fingerprint
    assert found["provenance"]["seconds"] > 0
    for direction in Direction:
        assert_same(found[direction.value], patched(demo, RESAMPLED, direction))
        assert found[direction.value]["complete"]
        assert len(found[direction.value]["heads"]) == demo.n_layers * demo.n_heads
        assert max(map(abs, found[direction.value]["values"])) > 0.1


def test_noise_is_minus_the_resample_sweep(told, demo):
    sweep, noise = run_sweep(demo, RESAMPLED), told()["noise"]
    changes = [effect.logodds_change for effect in sweep.heads]
    assert noise["heads"] == [effect.address.label for effect in sweep.heads]
    assert noise["values"] == pytest.approx([-change for change in changes], abs=1e-4)
    prob = sweep.baseline.prob
    assert noise["metric"] == "logodds"  # without a foil, log prob is blind near 1
    assert noise["clean"] == pytest.approx(math.log(prob / (1 - prob)), abs=1e-4)


def test_with_a_foil_it_is_the_logit_difference(told, demo):
    noise = told("--foil", " runs")["noise"]
    assert_same(noise, patched(demo, replace(RESAMPLED, foil=" runs"), Direction.NOISE))
    assert noise["metric"] == "logit_diff"


@pytest.mark.slow
@pytest.mark.parametrize("layer", [None, 0, 2])
def test_by_position_of_all_layers_or_of_one(told, demo, layer):
    options = () if layer is None else ("--layer", layer)
    found = told("--by-position", *options)
    heads = [h for h in all_heads(demo.n_layers, demo.n_heads) if layer in (None, h.layer)]
    assert [*found["by_position"]] == ["denoise", "noise"]
    for direction in Direction:
        expected = patched(demo, RESAMPLED, direction, heads, True)
        assert_same(found["by_position"][direction.value], expected)
        assert_same(found[direction.value], told()[direction.value])  # of every head all the same


@pytest.mark.slow
def test_only_the_positions_that_are_asked_for(told, demo):
    found = told("--by-position", "--positions", "4,9")
    spec = replace(RESAMPLED, positions=(4, 9))
    for direction in Direction:
        expected = patched(demo, spec, direction, None, True)
        assert_same(found["by_position"][direction.value], expected)
        assert expected["positions"] == [4, 9]
        assert_same(found[direction.value], patched(demo, spec, direction))


def test_the_residual_stream_is_what_the_core_finds(told, demo):
    found = told("--what", "residual", "--foil", " runs")
    assert found["schema"] == "headsweep.patch-residual/2"
    for direction in Direction:
        spec = replace(RESAMPLED, foil=" runs")
        *_, (_, expected) = iter_stream_patching(demo, spec, direction)
        told_of = found[direction.value]
        assert np.array(told_of["values"]) == pytest.approx(expected.values, abs=1e-4)
        assert told_of["normalised"][-1][-1] == pytest.approx(1, abs=1e-3)
        assert told_of["roles_turned"] is expected.roles_turned is False
        assert told_of["complete"]


@pytest.mark.parametrize("what", ["heads", "residual"])
def test_a_table_says_when_roles_are_turned(inside, what):
    """The prompts exchanged: then the answer is the corrupted run's own."""
    turned = ("--corrupted-prompt", SPEC.prompt, "--ablation", "resample", "--device", "cpu")
    exchanged = ("patch", "--prompt", specs.CORRUPTED, "--target", SPEC.target, *turned)
    done = inside(*exchanged, "--what", what, "--format", "table")
    assert (done.returncode, done.stderr) == (0, "")
    table = " ".join(done.stdout.split())
    assert "The two prompts have changed places: log odds of the target is higher on the" in table
    found = strict(inside(*exchanged, "--what", what).stdout)
    assert found["denoise"]["roles_turned"] is True
    assert all(sentence in table for sentence in found["sentences"])
    straight = inside(*ASKED, *CORRUPTED, "--device", "cpu", "--format", "table").stdout
    assert "prompts have changed places" not in straight
    assert "L1H3" in straight
    assert re.findall(r"[-−]0(?:\.0*)?(?![\d.])", straight + done.stdout + json.dumps(found)) == []


@pytest.mark.slow
def test_a_file_gets_what_a_real_process_would_print(told, tmp_path):
    out = tmp_path / "patched.json"
    done = headsweep(*ASKED, *CORRUPTED, "--device", "cpu", "--out", out)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    text = out.read_text(encoding="utf-8")
    assert text.isascii()
    assert text.endswith("}\n")
    for direction in Direction:
        assert_same(strict(text)[direction.value], told()[direction.value])


USE = "has none: use --ablation resample with --corrupted-prompt."


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((), f"--ablation: Patching takes z from a corrupted prompt, and mean-across-heads {USE}"),
        (("--ablation", "zero"), f"zero {USE}"),
        (("--ablation", "mean"), f"mean {USE}"),
        (("--corrupted-prompt", specs.CORRUPTED), USE),
        (("--ablation", "resample"), "--corrupted-prompt: Resample ablation needs a corrupted"),
        (("--ablation", "resample", "--corrupted-prompt", "The fox"), "--corrupted-prompt: "),
        (("--ablation", "resample", "--corrupted-prompt", SPEC.prompt), "--corrupted-prompt: "),
        ((*CORRUPTED, "--what", "residual", "--by-position"), "--by-position: The residual stream"),
        ((*CORRUPTED, "--layer", "1"), "--layer: It is used with --by-position only"),
        (
            (*CORRUPTED, "--by-position", "--layer", "3"),
            "--layer: demo has no layer 3: its layers are 0 to 2.",
        ),
        ((*CORRUPTED, "--by-position", "--layer", "-1"), "--layer: demo has no layer -1"),
        ((*CORRUPTED, "--by-position", "--layer", "x"), "--layer"),
        ((*CORRUPTED, "--positions", "99"), "--positions: "),
        ((*CORRUPTED, "--out", "/no/such/folder/x"), "--out: There is no folder"),
    ],
)
def test_bad_input_is_one_line_and_code_2(inside, options, said):
    line = refused(inside(*ASKED, *options))
    assert said in line


def test_help_names_the_options(inside, monkeypatch):
    monkeypatch.setenv("COLUMNS", "160")
    done = inside("patch", "--help")
    assert (done.returncode, done.stderr) == (0, "")
    words = done.stdout.split()
    for name in ("--by-position", "--layer", "--corrupted-prompt", "--ablation", "--out"):
        assert name in words
    assert "JSON" in done.stdout

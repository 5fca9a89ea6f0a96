"""`headsweep knock-out` and `headsweep dose`: the core's own numbers, and every refusal."""

import json

import pytest
from support.command_line import refused

from core.circuits.dose import FACTORS, measure_dose
from core.circuits.knock_out import measure_knock_out
from core.demo.example import SPEC
from core.progress import run_to_end
from core.spec.heads import Head
from core.sweep.scorer import Scorer

PANGRAM = ("--prompt", SPEC.prompt, "--target", SPEC.target)
KNOCK_OUT = ("knock-out", *PANGRAM, "--query", "14")
DOSE = ("dose", *PANGRAM)
DIGITS = "9" * 5000


@pytest.fixture
def told(inside):
    """told(*arguments): the JSON printed in this process."""

    def call(*arguments):
        done = inside(*arguments, "--device", "cpu", "--format", "json")
        assert (done.returncode, done.stderr) == (0, "")
        return json.loads(done.stdout)

    return call


@pytest.mark.parametrize(
    ("options", "heads", "keys"),
    [
        (("--head", "L1H0", "--key", "5"), [Head(1, 0)], [5]),
        (("--head", "L1H3, L2H0", "--keys", "2-4,6"), [Head(1, 3), Head(2, 0)], [2, 3, 4, 6]),
        (
            ("--layers", "1-2", "--keys", "5"),
            [Head(layer, head) for layer in (1, 2) for head in range(4)],
            [5],
        ),
    ],
)
def test_edges_are_the_cores(told, demo, options, heads, keys):
    found = told(*KNOCK_OUT, *options)
    expected = run_to_end(measure_knock_out(Scorer(demo, SPEC), heads, 14, keys))
    assert found["schema"] == "headsweep.knock-out/1"
    assert found["heads"] == [head.label for head in heads]
    assert found["keys"] == keys
    assert found["clean_attention"] == pytest.approx(list(expected.weights), abs=1e-4)
    effect = found["effect"]
    assert effect["logodds_change"] == pytest.approx(expected.effect.logodds_change, abs=1e-3)
    assert effect["prob"] == pytest.approx(expected.effect.prob, abs=1e-4)
    assert found["tokens"][14] == " fox"


def test_doses_are_the_cores(told, demo):
    found = told(*DOSE, "--heads", "L1H0,L1H3")
    expected = run_to_end(measure_dose(Scorer(demo, SPEC), [Head(1, 0), Head(1, 3)]))
    assert found["schema"] == "headsweep.dose/1"
    assert [each["factor"] for each in found["doses"]] == list(FACTORS)
    for each, effect in zip(found["doses"], expected.effects, strict=True):
        assert each["logodds_change"] == pytest.approx(effect.logodds_change, abs=1e-3)


def test_a_terminal_gets_words_and_a_table_and_a_file_the_same(inside, tmp_path):
    done = inside(*KNOCK_OUT, "--head", "L1H0", "--keys", "2-5", "--device", "cpu")
    said = " ".join(done.stdout.split())
    assert "Without the edges from 14 ␣fox to 2 ␣quick … 5 ␣jumps in L1H0 (1.00 of its" in said
    assert "these edges" in said
    out = tmp_path / "dose.txt"
    inside(*DOSE, "--heads", "L1H0", "--device", "cpu", "--out", str(out))
    lines = out.read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("L1H0 scaled together: 0 is zero ablation, 1 the clean run (P(")
    assert [line.split()[0] for line in lines[-9:]] == [f"{factor:g}" for factor in FACTORS]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((*KNOCK_OUT, "--head", "L1H0"), "--key: Neither this nor --keys is given"),
        ((*KNOCK_OUT, "--head", "L1H0", "--key", "1", "--keys", "2"), "--key: Both this and"),
        ((*KNOCK_OUT, "--key", "1"), "--head: Neither this nor --layers is given"),
        ((*KNOCK_OUT, "--head", "L1H0", "--layers", "1", "--key", "1"), "--head: Both this and"),
        ((*KNOCK_OUT, "--head", "banana", "--key", "1"), "--head: 'banana' is not a head"),
        ((*KNOCK_OUT, "--head", "L9H9", "--key", "1"), "--head: "),
        ((*KNOCK_OUT, "--layers", "2-9", "--key", "1"), "--layers: demo has no layer 3"),
        ((*KNOCK_OUT, "--layers", "5-2", "--key", "1"), "--layers: '5-2' is no list of numbers"),
        ((*KNOCK_OUT, "--layers", "1", "--keys", "0-999999999"), "--keys: '0-999999999' is no"),
        ((*KNOCK_OUT, "--layers", "1", "--keys", DIGITS), "--keys: '999"),
        ((*KNOCK_OUT, "--head", "L1H0", "--key", "15"), "--keys: Position 14 sees 0 to 14"),
        ((*KNOCK_OUT, "--head", "L1H0", "--key", "-1"), "'--key': -1 is below 0"),
        ((*KNOCK_OUT, "--head", "L1H0", "--key", "1", "--positions", "last"), "No such option"),
        ((*KNOCK_OUT, "--head", "L1H0", "--keys", "0-14"), "leave it at least one key"),
        ((*KNOCK_OUT, "--head", "L1H0", "--key", "1", "--out", "."), "--out: '.' is a folder"),
        ((*DOSE, "--heads", "banana"), "--heads: 'banana' is not a head"),
        ((*DOSE, "--heads", "L9H9"), "--heads: "),
    ],
)
def test_bad_input_is_one_line_and_code_2(inside, arguments, said):
    line = refused(inside(*arguments, "--device", "cpu"))
    assert said in line
    assert len(line) < 250

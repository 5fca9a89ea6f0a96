"""`headsweep joint --variants-file`: variants of one's own beside those that are made."""

import json
from dataclasses import replace

import pytest
from support import specs
from support.command_line import refused

from core.demo.example import SPEC
from core.hypotheses.held_out import held_out
from core.hypotheses.keep_only import keep_only_spec
from core.hypotheses.search_words import NOT_FOUND
from core.hypotheses.variants import MOST, ONLY_MADE, variants
from core.progress import run_to_end
from core.spec.heads import Head
from core.spec.reference_set import MAX_BYTES
from core.sweep.sweep import run_sweep

JOINT = ("joint", "--heads", "L1H0", "--prompt", SPEC.prompt, "--target", SPEC.target)
OWN = (("A small bird sings over the river. A small bird", " sings"), ("Once upon a", " time"))
TYPED = "\n\n".join(f"{prompt} =>{target}" for prompt, target in OWN)


@pytest.fixture
def file(tmp_path):
    """file(contents): the path of a file that holds them."""

    def made(contents):
        path = tmp_path / "own.txt"
        path.write_bytes(contents if isinstance(contents, bytes) else contents.encode())
        return path

    return made


@pytest.mark.slow
def test_ones_own_come_after_those_made_and_are_measured_alike(inside, demo, file):
    done = inside(*JOINT, "--greedy", "--variants-file", file(TYPED), "--device", "cpu")
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    spec = keep_only_spec(SPEC)
    heads = [Head.parse(label) for label in found["search"]["heads"]]
    own = [replace(spec, prompt=prompt, target=target) for prompt, target in OWN]
    expected = run_to_end(held_out(demo, spec, heads, [*variants(demo, spec), *own]))
    assert [each["prompt"] for each in found["variants"][5:]] == [prompt for prompt, _ in OWN]
    assert len(found["variants"]) == len(expected) == 7
    for one, other in zip(found["variants"], expected, strict=True):
        assert one == pytest.approx(other.to_dict(), abs=1e-5)


@pytest.mark.slow
def test_ones_own_alone_where_none_can_be_made(inside, demo, file):
    """And none at all where no set was found: " time" is not the model's own answer."""
    asked = ("joint", "--heads", "L1H0", "--prompt", "once upon a", "--target")
    rest = ("--greedy", "--variants-file", file("one day a => boy"))
    first = run_sweep(demo, replace(SPEC, prompt="once upon a", target=" time")).baseline.top[0][0]
    done = inside(*asked, first, *rest)
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    assert found["search"]["found"]
    (alone,) = found["variants"]
    assert (alone["prompt"], alone["target"]) == ("one day a", " boy")
    found = json.loads(inside(*asked, " time", *rest).stdout)
    assert not found["search"]["found"]
    assert found["variants"] == NOT_FOUND


@pytest.mark.parametrize(
    ("contents", "said"),
    [
        ("a => b\nno arrow", "--variants-file: Line 2, 'no arrow': write the prompt"),
        (f"{SPEC.prompt} =>{SPEC.target}", "Line 1, 'The quick brown fox"),
        ("word " * 1000 + "=> c", "Line 1, 'word word"),
        ("a => b\n" * (MOST + 1), "--variants-file: 51 variants are given"),
        ("a" * 30_000, "--variants-file: The variants have 30,000 characters"),
        (b"caf\xe9 => b", "own.txt' is not UTF-8 text: byte 4 is 0xE9"),
        (b"a" * (MAX_BYTES + 1), "own.txt' is larger than 5 MB"),
    ],
    ids=lambda value: str(value[:20]),
)
def test_what_cannot_be_used_is_said_in_one_line(inside, file, contents, said):
    line = refused(inside(*JOINT, "--greedy", "--variants-file", file(contents)))
    assert said in line
    assert line.startswith("headsweep: --variants-file: ")


def test_a_file_that_is_none_and_one_that_nothing_uses(inside, file, tmp_path):
    for path, why in (("/no/such", "No such file"), (tmp_path, "Is a directory")):
        line = refused(inside(*JOINT, "--greedy", "--variants-file", path))
        assert f"--variants-file: '{path}' cannot be read ({why}" in line
    line = refused(inside(*JOINT, "--variants-file", file(TYPED)))
    assert "--variants-file: Variants are used by --greedy only" in line


def test_under_resample_none_of_ones_own_is_taken(inside, file):
    resample = ("--ablation", "resample", "--corrupted-prompt", specs.CORRUPTED)
    line = refused(inside(*JOINT, *resample, "--greedy", "--variants-file", file(TYPED)))
    assert ONLY_MADE in line

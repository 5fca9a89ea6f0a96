"""Two results share a key exactly when nothing that determines the numbers differs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from core.spec.identity import result_key
from core.spec.spec import SweepSpec

SPEC = SweepSpec(model="demo", prompt="a b", target=" c", prepend_bos=True)


@pytest.mark.parametrize(
    "changes",
    [
        {"model": "gpt2"},
        {"prompt": "a b "},
        {"target": " d"},
        {"target": (" c", " d")},
        {"foil": " d"},
        {"ablation": "zero"},
        {"positions": "last"},
        {"positions": (0,)},
        {"prepend_bos": False},
        {"weights": "raw"},
        {"dtype": "bfloat16"},
    ],
)
def test_every_field_is_part_of_the_key(changes):
    other = SweepSpec(**{**SPEC.to_dict(), **changes})
    assert result_key(other, "f") != result_key(SPEC, "f")


def test_the_weights_fingerprint_is_part_of_the_key():
    assert result_key(SPEC, "f") != result_key(SPEC, "g")


def test_the_key_does_not_depend_on_how_the_spec_was_written():
    written = SweepSpec.from_json(SPEC.to_json())
    assert result_key(written, "f") == result_key(SPEC, "f")


@pytest.mark.slow
def test_the_key_is_the_same_in_every_process():
    code = (
        "import sys; from core.spec.identity import result_key; "
        "from core.spec.spec import SweepSpec; "
        "print(result_key(SweepSpec.from_json(sys.argv[1]), 'f'))"
    )
    keys = {
        subprocess.run(
            [sys.executable, "-c", code, SPEC.to_json()],
            env={**os.environ, "PYTHONHASHSEED": seed},
            cwd=Path(__file__).parents[3],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for seed in ("1", "2")
    }
    assert keys == {result_key(SPEC, "f")}


def test_an_unresolved_spec_has_no_key():
    with pytest.raises(ValueError, match="prepend_bos"):
        result_key(SweepSpec(model="demo", prompt="a b", target=" c"), "f")

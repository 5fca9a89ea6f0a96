"""The report on one head: what it refuses at once, what it says of models it cannot take apart."""

import json
import time

import pytest
from support import specs

from core.circuits.head_report import head_report
from core.demo.example import SPEC
from core.errors import InputError
from core.progress import run_to_end
from core.spec.heads import Head


@pytest.mark.slow
def test_its_shares_grow_to_the_whole_and_its_seconds_are_all_of_it(demo):
    shares = []

    def follow(share):
        shares.append(share)
        if share == 1:  # long after the sweep
            time.sleep(0.5)

    found = run_to_end(head_report(demo, SPEC, Head(1, 0)), follow)
    assert shares == sorted(shares)
    assert shares[-1] == 1
    assert found["provenance"]["seconds"] >= 0.5


@pytest.mark.parametrize(
    ("head", "positions", "field", "said"),
    [
        (Head(9, 9), (None, None), "head", "demo has no L9H9"),
        (Head(1, 0), (15, None), "query", "There is no position 15"),
        (Head(1, 0), (3, 4), "key", "Position 3 sees 0 to 3, not 4"),
    ],
)
def test_what_is_not_there_is_refused_at_the_first_step(demo, head, positions, field, said):
    """Not after the sweep, which takes long on a large model."""
    with pytest.raises(InputError, match=said) as raised:
        next(head_report(demo, SPEC, head, *positions))
    assert raised.value.field == field


@pytest.mark.slow
def test_the_first_layers_heads_are_fed_by_none(demo):
    found = run_to_end(head_report(demo, SPEC, Head(0, 0)))
    fed = found["path_patching"]
    assert (fed["query"], fed["key"]) == (14, 13)  # it looks at the token before
    for way in ("by_query", "by_key", "by_value"):
        assert fed[way] == [[None] * 4] * 3
    assert found["head_scores"]["looks_like"] == "previous token"


@pytest.mark.slow
def test_a_model_that_cannot_be_taken_apart_is_swept_all_the_same(loaded):
    """In OPT-350m's wiring a norm follows every addition."""
    model = loaded("opt-post-norm")
    found = run_to_end(head_report(model, specs.spec_of(model), Head(1, 2)))
    assert "a norm follows every addition" in found["path_patching"]["unavailable"]
    assert found["direct_effect"] is None
    assert "through later components" not in " ".join(found["verdict"])
    assert found["effect"]["label"] == "L1H2"
    assert found["by_position"]["complete"]
    json.dumps(found, allow_nan=False)

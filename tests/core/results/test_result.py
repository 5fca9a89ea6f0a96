"""Results as plain data: the json contract, csv, arrays, and what is refused."""

import copy
import csv
import io
import json
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.results.effects import LEVELS
from core.results.metrics import FIELDS, METRICS
from core.results.result import COLUMNS, Baseline, HeadEffect, Provenance, SweepResult
from core.spec.heads import Head
from core.spec.spec import SweepSpec

pytestmark = pytest.mark.filterwarnings("ignore:Do not use the `random` module")


def effect(layer, head, change, *, diff=None, kl=0.25) -> HeadEffect:
    return HeadEffect(
        layer=layer,
        head=head,
        prob=0.5 + change,
        prob_change=change,
        logprob_change=math.log(1 + change / 0.5),
        logodds_change=4 * change,
        logit_diff_change=diff,
        kl=kl,
        rank=1 if change > 0 else 2,
        top=((" jumps", 0.5 + change), ('x,"\n', 0.1)),
    )


def result(*heads: HeadEffect, **changes) -> SweepResult:
    made = {
        "spec": SweepSpec(model="demo", prompt="a b", target=" jumps", prepend_bos=True),
        "shape": (2, 3),
        "tokens": ("<|endoftext|>", "a", " b"),
        "special": (True, False, False),
        "target_tokens": (" jumps",),
        "foil_tokens": (),
        "baseline": Baseline(0.5, math.log(0.5), 1, None, ((" jumps", 0.5),), (0.5,)),
        "heads": heads,
        "provenance": Provenance("0.1.0", "4.3.0", "2.13", "abc", "cpu", "float32", 1.25),
    }
    return SweepResult(**{**made, **changes})


PARTIAL = result(effect(0, 0, -0.2), effect(0, 2, 0.1), effect(1, 1, -0.2, diff=-1.5, kl=3.0))
FULL = result(*(effect(layer, head, 0.01 * head) for layer in range(2) for head in range(3)))


def test_the_slower_path_is_in_the_json_only_where_it_was_taken():
    slower = replace(FULL.provenance, slower_because="its wiring moved")
    made = replace(FULL, provenance=slower, _index={})
    assert made.to_dict()["provenance"]["slower_because"] == "its wiring moved"
    assert SweepResult.from_dict(json.loads(made.to_json())) == made
    values = FULL.to_dict()
    assert "slower_because" not in values["provenance"]
    values["provenance"]["slower_because"] = None
    assert SweepResult.from_dict(values) == FULL
    assert made.key == FULL.key  # it changes no number


@pytest.mark.parametrize("made", [PARTIAL, FULL, result()])
def test_a_result_survives_json(made):
    again = SweepResult.from_dict(json.loads(made.to_json()))
    assert again == made
    assert again.effect(Head(0, 0)) == made.effect(Head(0, 0))


def test_the_json_has_the_contracts_keys():
    values = PARTIAL.to_dict()
    assert values["schema"] == "headsweep.sweep/1"
    assert {"schema", "spec", "tokens", "target_tokens", "baseline", "heads", "provenance"} <= set(
        values
    )
    assert {"prob", "logprob", "rank", "logit_diff", "top"} <= set(values["baseline"])
    assert list(values["heads"][0]) == [
        "layer",
        "head",
        "label",
        "prob",
        "prob_change",
        "logprob_change",
        "logodds_change",
        "logit_diff_change",
        "kl",
        "rank",
        "top",
    ]
    assert values["heads"][2]["label"] == "L1H1"
    assert values["heads"][0]["top"] == [[" jumps", 0.3], ['x,"\n', 0.1]]
    assert set(values["provenance"]) == {
        "headsweep",
        "transformer_lens",
        "torch",
        "model_fingerprint",
        "device",
        "dtype",
        "seconds",
    }


def test_the_dict_is_json_already_and_owns_its_lists():
    values = PARTIAL.to_dict()
    assert json.loads(json.dumps(values)) == values
    values["heads"][0]["top"].clear()
    assert PARTIAL.heads[0].top


def test_csv_has_a_row_a_head_and_the_same_columns():
    rows = list(csv.DictReader(io.StringIO(PARTIAL.to_csv())))
    assert tuple(rows[0]) == COLUMNS
    assert len(rows) == 3
    for row, made in zip(rows, PARTIAL.heads, strict=True):
        assert row["label"] == made.address.label
        assert json.loads(row["top"]) == [list(pair) for pair in made.top]
        for name in ("prob", *FIELDS):
            value = getattr(made, name)
            assert row[name] == "" if value is None else float(row[name]) == value


def test_the_frame_has_the_same_columns():
    frame = PARTIAL.to_frame()
    assert tuple(frame.columns) == COLUMNS
    assert frame["label"].tolist() == ["L0H0", "L0H2", "L1H1"]
    assert frame["prob_change"].tolist() == [-0.2, 0.1, -0.2]
    assert tuple(result().to_frame().columns) == COLUMNS


def test_values_are_laid_out_layer_by_head_with_nan_for_what_is_missing():
    grid = PARTIAL.values("prob_change")
    expected = [[-0.2, math.nan, 0.1], [math.nan, -0.2, math.nan]]
    np.testing.assert_array_equal(grid, expected)
    diffs = PARTIAL.values("logit_diff_change")
    assert diffs[1, 1] == -1.5
    assert np.isnan(diffs).sum() == 5
    with pytest.raises(ValueError, match="'rank'"):
        PARTIAL.values("rank")


def test_ranked_by_size_then_by_head():
    assert [e.address for e in PARTIAL.ranked()] == [(0, 0), (1, 1), (0, 2)]
    assert [e.address for e in PARTIAL.ranked("kl")] == [(1, 1), (0, 0), (0, 2)]
    assert [e.address for e in PARTIAL.ranked("logit_diff_change")] == [(1, 1)]


def test_complete_only_with_every_head():
    assert FULL.complete
    assert not PARTIAL.complete
    assert PARTIAL.effect(Head(0, 1)) is None
    assert FULL.effect(Head(9, 9)) is None


def test_a_later_metric_is_written_where_it_was_measured_and_may_be_missing():
    old = FULL.to_dict()
    later = [metric for metric in METRICS if metric.is_later]
    assert not {metric.field for metric in later} & set(old["heads"][0])
    assert not {metric.name for metric in later} & set(old["baseline"])
    measured = {metric.field: 0.25 for metric in later}
    levels = {metric.name: 1.0 for metric in later if metric.name in LEVELS}
    heads = tuple(replace(each, **measured) for each in FULL.heads)
    clean = replace(FULL.baseline, **levels)
    new = replace(FULL, heads=heads, baseline=clean, _index={})
    assert SweepResult.from_dict(json.loads(new.to_json())) == new
    assert tuple(new.to_dict()["heads"][0]) == COLUMNS
    assert new.to_dict()["baseline"]["margin"] == 1.0
    assert new.key == FULL.key
    unknown = {**old, "heads": [{**row, "surprise_change": 0.5} for row in old["heads"]]}
    assert SweepResult.from_dict(unknown) == FULL


@pytest.mark.parametrize("values", [None, [], "text", 3, {}, {"schema": "headsweep.head/2"}])
def test_what_is_no_result_is_refused_by_its_schema(values):
    with pytest.raises(ValueError, match=r"not a headsweep\.sweep/1 result"):
        SweepResult.from_dict(values)


def paths(values, path=()):
    """Every place in nested JSON, inner ones too."""
    yield path
    pairs = values.items() if isinstance(values, dict) else enumerate(values)
    for name, inner in pairs:
        if isinstance(inner, dict | list):
            yield from paths(inner, (*path, name))
        else:
            yield (*path, name)


def at(values, path):
    for name in path:
        values = values[name]
    return values


PLACES = [path for path in paths(PARTIAL.to_dict()) if path]
OPTIONAL_IN_A_SPEC = {
    *("foil", "ablation", "corrupted_prompt", "reference", "positions", "prepend_bos"),
    *("weights", "dtype"),
}
REQUIRED = [
    path
    for path in PLACES
    if isinstance(path[-1], str)
    and not (path[0] == "heads" and path[-1] == "label")  # follows from layer and head
    and not (path[0] == "spec" and path[-1] in OPTIONAL_IN_A_SPEC)
]


@pytest.mark.parametrize("path", REQUIRED, ids=lambda path: ".".join(map(str, path)))
def test_a_result_that_lacks_something_is_a_value_error(path):
    values = copy.deepcopy(PARTIAL.to_dict())
    del at(values, path[:-1])[path[-1]]
    with pytest.raises(ValueError, match=r"damaged|lacks|not a headsweep"):
        SweepResult.from_dict(values)


JUNK = st.sampled_from(
    [None, True, -1, 0, 7, 10**400, 1.5, math.nan, math.inf, "", "x", "\ud800", [], {}, [[]], [1]]
)


@given(st.sampled_from(PLACES), JUNK)
def test_a_damaged_result_is_refused_or_harmless(path, junk):
    values = copy.deepcopy(PARTIAL.to_dict())
    at(values, path[:-1])[path[-1]] = junk
    try:
        made = SweepResult.from_dict(values)
    except ValueError:
        pass
    else:  # what was accepted can be drawn, listed and saved again
        for metric in FIELDS:
            made.values(metric)
            made.ranked(metric)
        assert SweepResult.from_dict(json.loads(made.to_json())) == made


@pytest.mark.parametrize(
    ("path", "junk"),
    [
        (("heads", 0, "layer"), 2),
        (("heads", 0, "head"), 3),
        (("heads", 0, "head"), -1),
        (("heads", 0, "head"), 2),  # listed twice
        (("heads", 0, "prob_change"), math.nan),
        (("heads", 0, "kl"), math.inf),
        (("heads", 0, "rank"), math.inf),
        (("baseline", "prob"), "many"),
        (("shape",), [10**9, 10**9]),
        (("shape",), [0, 0]),
        (("shape",), [2]),
        (("provenance", "seconds"), None),
        (("provenance",), []),
        (("spec", "prompt"), ""),
        (("spec", "seed"), 1),
        (("spec",), None),
    ],
)
def test_impossible_values_are_refused(path, junk):
    values = copy.deepcopy(PARTIAL.to_dict())
    at(values, path[:-1])[path[-1]] = junk
    with pytest.raises(ValueError, match=r"."):
        SweepResult.from_dict(values)

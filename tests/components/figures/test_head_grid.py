"""The heatmap's grid as data: each cell is its head's, and an estimate says that it is one."""

import dataclasses
import json

import numpy as np
import pytest
from support import drawn

from components.figures.base.look import Look
from components.figures.head_grid import head_grid
from components.figures.head_heatmap import head_heatmap
from core.circuits.atlas import letters
from core.results.metrics import KL, LOGPROB, METRICS, PROB
from core.spec.heads import all_heads
from core.sweep.estimate.attribution import Estimate
from core.sweep.estimate.estimate_words import ESTIMATED
from core.text.numbers import share

SHOWN = [metric for metric in METRICS if metric.field != "logit_diff_change"]


def partial(result, n):
    return dataclasses.replace(result, heads=result.heads[:n], _index={})


def grid(result, metric=PROB, look=None, **options):
    return head_grid(result, metric, look or Look(), name="", **options)


def cells(made):
    return dict(zip(all_heads(*made["shape"]), made["cells"], strict=True))


@pytest.mark.parametrize("metric", SHOWN)
def test_a_cell_is_its_heads_value_number_and_words(result, metric):
    figure = head_heatmap(result, metric, Look())
    said, written = drawn.told_by(figure), drawn.numbers_of(figure)
    for head, cell in cells(grid(result, metric)).items():
        value = metric.value(result.effect(head))
        assert cell["value"] == pytest.approx(value, rel=1e-5)
        assert cell["text"] == written[head] == metric.text(value, metric.digits - 1)
        # The same as on a print, whose lines are Plotly's.
        assert "<br>".join([f"<b>{cell['told'][0]}</b>", *cell["told"][1:]]) == said[head]
        assert "estimated" not in cell
        assert cell.get("weak", False) == (not metric.is_notable(value))


@pytest.mark.parametrize("look", [Look(), Look(dark=True)])
@pytest.mark.parametrize("metric", [PROB, KL])
def test_colours_are_those_of_a_print(result, metric, look):
    trace = drawn.heatmap_of(head_heatmap(result, metric, look))
    made = grid(result, metric, look)
    assert made["scale"]["ends"] == pytest.approx([trace.zmin, trace.zmax], rel=1e-5)
    assert made["scale"]["colours"] == [colour for _, colour in trace.colorscale]
    at = {cell["value"]: cell["colour"] for cell in made["cells"]}
    if metric.signed:
        assert at[min(at)] == trace.colorscale[0][1]  # the largest drop is the end of the scale
    assert {cell["ink"] for cell in made["cells"]} == {"#000000", "#ffffff"}


def test_what_is_not_measured_is_estimated_and_says_so_or_is_empty(result, estimate):
    some = partial(result, 3)
    for head, cell in cells(grid(some, LOGPROB, estimate=estimate)).items():
        assert cell.get("estimated", False) == (some.effect(head) is None)
        if some.effect(head) is None:
            guess = estimate.values("logprob_change")[head]
            assert cell["value"] == pytest.approx(guess, rel=1e-5)
            assert cell["text"] == ESTIMATED
            assert cell["told"][1] == "a first-order guess, not measured yet"
    left = len(result.heads) - 3
    empty = [cell for cell in grid(some, KL, estimate=estimate)["cells"] if cell["value"] is None]
    assert empty == [{"value": None}] * left


def test_a_finished_sweep_shows_nothing_of_the_estimate(result, estimate):
    assert grid(result, estimate=estimate) == grid(result)


def test_an_estimate_that_does_not_hold_leaves_its_cells_blank(result):
    some = partial(result, 9)
    exact = PROB.values(result) / PROB.factor
    for guesses, holds in ((exact, True), (-exact, False)):
        made = grid(some, PROB, estimate=Estimate({PROB.field: guesses}))
        left = [cell for head, cell in cells(made).items() if some.effect(head) is None]
        assert len(left) == 3
        assert [cell.get("estimated", False) for cell in left] == [holds] * 3
        if not holds:
            assert left == [{"value": None}] * 3
            assert made["scale"] == grid(some, PROB)["scale"]


def test_a_grid_of_nothing_has_a_scale_that_is_no_noise(result):
    made = grid(partial(result, 0))
    assert made["scale"]["ends"] == [-PROB.notable, PROB.notable]
    assert all(cell == {"value": None} for cell in made["cells"])


@pytest.mark.parametrize("metric", SHOWN)
def test_bars_are_the_whole_layers_on_one_axis(result, layer_effects, metric):
    both = dataclasses.replace(layer_effects, mlp=tuple(result.heads[: result.shape[0]]))
    made = grid(result, metric, layer_effects=both)
    parts = {"attention": both.attention, "MLP": both.mlp}
    assert [(bar["part"], bar["layer"]) for bar in made["bars"]] == [
        (part, layer) for part in parts for layer in range(result.shape[0])
    ]
    values = np.array([metric.value(parts[bar["part"]][bar["layer"]]) for bar in made["bars"]])
    lengths = np.array([bar["end"] - bar["start"] for bar in made["bars"]])
    assert min(bar["start"] for bar in made["bars"]) >= 0
    assert max(bar["end"] for bar in made["bars"]) <= 1
    np.testing.assert_allclose(lengths, np.abs(values) * lengths.max() / np.abs(values).max(),
                               atol=2e-4)  # fmt: skip
    for bar, value in zip(made["bars"], values, strict=True):
        assert bar["start" if value >= 0 else "end"] == made["zero"]
        assert metric.quantity(value) in bar["told"][2]
    assert made["beside"] == ""


def test_without_layer_effects_it_says_why(result):
    made = grid(result, beside="measured after the heads")
    assert (made["bars"], made["beside"]) == ([], "measured after the heads")


@pytest.mark.parametrize("metric", SHOWN)
def test_ticks_are_few_round_numbers_where_they_belong(result, layer_effects, metric):
    made = grid(result, metric, layer_effects=layer_effects)
    low, high = made["scale"]["ends"]
    ticks = made["scale"]["ticks"]
    assert 2 <= len(ticks) <= 6
    assert 1 <= len(made["ticks"]) <= 4
    for at, text in ticks:
        value = float(text.replace("−", "-"))
        assert low + at * (high - low) == pytest.approx(value, abs=2e-3 * (high - low))
    assert any(float(text.replace("−", "-")) == 0 for _, text in ticks)


def test_it_is_json_and_tokens_are_as_they_are(result):
    head = dataclasses.replace(result.heads[0], top=((drawn.ODD, 0.5),))
    odd = dataclasses.replace(result, heads=(head, *result.heads[1:]), _index={})
    made = json.loads(json.dumps(grid(odd)))
    assert drawn.ODD in made["cells"][0]["told"][4]


def test_the_strongest_heads_share_of_position_0_is_told(result, layer_effects):
    strongest = result.ranked()[0].address
    part = layer_effects.share_of_first(result, strongest, "prob_change")
    made = cells(grid(result, layer_effects=layer_effects))
    assert made[strongest]["told"][-1] == f"at position 0 alone: {share(part)} of it"


def test_published_letters_are_in_their_cells_and_change_nothing_else(result):
    heads = tuple(
        dataclasses.replace(result.heads[i % len(result.heads)], layer=head.layer, head=head.head)
        for i, head in enumerate(all_heads(12, 12))
    )
    large = dataclasses.replace(result, shape=(12, 12), heads=heads, _index={})
    known = letters("gpt2")
    made = cells(grid(large, letters=known))
    assert {head: cell.pop("letter") for head, cell in made.items() if "letter" in cell} == known
    assert made == cells(grid(large))
    unmeasured = grid(partial(large, 0), letters=known)["cells"]
    assert sum("letter" in cell for cell in unmeasured) == len(known) > 20

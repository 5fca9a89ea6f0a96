"""The parts of a head's effect, step by step to the total."""

import dataclasses

import numpy as np
import pytest
from support import drawn

from components.figures.base.look import Look
from components.figures.direct_effect import MLPS, direct_effect_waterfall, mlp_bars
from core.text.numbers import signed

NAN = float("nan")


def steps_of(figure):
    trace = figure.data[0]
    return dict(zip(trace.y, zip(trace.base, trace.x, strict=True), strict=True))


def made_of(routed, frozen, norm, mlps):
    """A route with these parts, and a half of the last one that is not linear."""
    later = np.full_like(routed.later_mlps, mlps / len(routed.later_mlps))
    return dataclasses.replace(
        routed,
        direct_frozen_norm=frozen,
        final_norm=norm,
        later_heads=np.zeros_like(routed.later_heads),
        later_mlps=later,
        total=frozen + norm + 1.5 * mlps,
    )


def test_steps_follow_each_other_and_add_up_to_the_total(routed):
    figure = direct_effect_waterfall(routed, Look())
    steps = steps_of(figure)
    *parts, total = steps.values()
    assert [width for _, width in parts] == pytest.approx(
        [
            routed.direct_frozen_norm,
            routed.final_norm,
            np.nansum(routed.later_heads),
            np.nansum(routed.later_mlps),
            routed.parts["left"],
        ]
    )
    assert abs(routed.total) > 1  # a head that does something
    at = 0.0
    for base, width in parts:
        assert base == pytest.approx(at)
        at = base + width
    assert total == pytest.approx((0.0, at))
    assert at == pytest.approx(routed.total)
    assert list(steps)[-1] == "total"


@pytest.mark.parametrize("look", [Look(), Look(dark=True)])
@pytest.mark.parametrize("parts", [(-1.0, 0.3, -2.0), (1.0, -0.2, -3.0), (0.5, 0.2, 0.1)])
def test_red_takes_away_and_blue_adds(routed, look, parts):
    figure = direct_effect_waterfall(made_of(routed, *parts), look)
    frozen, norm, mlps = parts
    widths = (frozen, norm, 0.0, mlps, mlps / 2, frozen + norm + 1.5 * mlps)
    expected = [look.takes if width < 0 else look.adds for width in widths]
    assert list(figure.data[0].marker.color) == expected
    assert list(figure.data[0].marker.line.width) == [0, 0, 0, 0, 0, 2]  # the total is outlined


@pytest.mark.parametrize(
    "parts", [(-1.0, 0.3, -2.0), (1.0, -0.2, -3.0), (0.5, 0.2, 0.1), (0.0, 0.0, 0.0)]
)
def test_every_step_is_in_view_and_says_its_size_at_its_end(routed, parts):
    figure = direct_effect_waterfall(made_of(routed, *parts), Look())
    low, high = figure.layout.xaxis.range
    said = {note.y: note for note in figure.layout.annotations}
    for name, (base, width) in steps_of(figure).items():
        assert low < min(base, base + width) <= max(base, base + width) < high
        assert said[name].x == pytest.approx(max(base, base + width))
        assert signed(width, 2) in said[name].text
    assert said["total"].text == f"<b>{signed(sum(parts) + parts[2] / 2, 2)}</b>"


@pytest.mark.parametrize(
    ("metric", "words"), [("logit_diff_change", "logit difference"), ("logodds_change", "log odds")]
)
def test_the_axis_names_the_metric(routed, metric, words):
    figure = direct_effect_waterfall(dataclasses.replace(routed, metric=metric), Look())
    assert words in figure.layout.xaxis.title.text
    assert "nats" in figure.layout.xaxis.title.text


def test_mlps_from_the_heads_own_layer_on_are_bars(routed):
    figure = mlp_bars(routed.later_mlps, Look())
    own = routed.head.layer
    assert 0 < own < len(routed.later_mlps)
    names = [f"MLP {layer}" for layer in range(own, len(routed.later_mlps))]
    assert list(figure.layout.yaxis.ticktext) == names
    assert list(figure.data[0].x) == pytest.approx(routed.later_mlps[own:].tolist())


def test_of_many_mlps_those_that_changed_most_are_bars():
    values = np.linspace(0.01, 0.02, 3 * MLPS)
    values[[0, 1, 20]] = NAN, 1.0, -2.0
    figure = mlp_bars(values, Look())
    last = [f"MLP {layer}" for layer in range(3 * MLPS - MLPS + 1, 3 * MLPS)]
    assert figure.layout.yaxis.ticktext[0] == "MLP 1"
    assert set(figure.layout.yaxis.ticktext) == {"MLP 1", "MLP 20", *last}
    assert len(figure.data[0].x) == MLPS


def test_no_later_mlp_is_no_bar():
    assert len(mlp_bars(np.full(3, np.nan), Look()).data[0].x) == 0
    assert "nats" in " ".join(drawn.strings_of(mlp_bars(np.full(3, np.nan), Look())))

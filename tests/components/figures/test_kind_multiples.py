"""The same sweep under every kind of ablation."""

import dataclasses

import pytest
from support import drawn

from components.figures.base.look import Look
from components.figures.kind_multiples import kind_multiples
from core.results.metrics import KL, PROB
from core.spec.ablation import AblationKind
from core.spec.heads import Head


@pytest.fixture
def zero(result):
    return dataclasses.replace(
        result,
        heads=tuple(dataclasses.replace(e, prob_change=2 * e.prob_change) for e in result.heads),
        _index={},
    )


@pytest.fixture
def results(result, zero):
    return {AblationKind.MEAN_ACROSS_HEADS: result, AblationKind.ZERO: zero}


ABSENT = {
    AblationKind.MEAN: "Not done yet.",
    AblationKind.MEAN_POSITIONAL: "Needs a set.",
    AblationKind.RESAMPLE: "Needs a <second> prompt.",
}


def test_small_multiples_share_one_scale_and_say_what_is_missing(result, zero, results):
    figure = kind_multiples(results, ABSENT, result.shape, PROB, Look(), Head(1, 2))

    panels = [t for t in figure.data if t.type == "heatmap"]
    assert [p.coloraxis for p in panels] == ["coloraxis", "coloraxis"]
    limit = 100 * max(abs(e.prob_change) for e in zero.heads)
    assert figure.layout.coloraxis.cmax == -figure.layout.coloraxis.cmin == pytest.approx(limit)
    words = [a.text for a in figure.layout.annotations]
    for kind in AblationKind:
        assert f"<b>{kind.label}</b>" in words
    assert "Not done yet." in words
    assert "Needs a &lt;second&gt; prompt." in words
    assert len(figure.layout.shapes) == 2  # the selected head, in each panel that has cells


def test_small_multiples_without_any_result_have_no_scale(result):
    figure = kind_multiples({}, dict.fromkeys(AblationKind, "Not done yet."), (3, 4), PROB, Look())
    assert not figure.layout.coloraxis.showscale


def test_each_panel_has_its_own_kinds_values(result, zero, results):
    figure = kind_multiples(results, ABSENT, result.shape, PROB, Look())
    for panel, (kind, found) in enumerate(results.items()):
        trace = drawn.heatmap_of(figure, panel)
        for effect in found.heads:
            value = 100 * effect.prob_change
            assert trace.z[effect.layer][effect.head] == pytest.approx(value)
            said = trace.text[effect.layer][effect.head]
            assert said == f"<b>{effect.address.label}</b> {kind.label}<br>{PROB.quantity(value)}"
    assert figure.layout.shapes == ()


def test_a_head_without_a_value_is_blank_and_said_to_have_none(result):
    part = dataclasses.replace(result, heads=result.heads[:3], _index={})
    figure = kind_multiples({AblationKind.ZERO: part}, {}, result.shape, PROB, Look())
    trace = drawn.heatmap_of(figure)
    assert trace.z[1][0] is None
    assert trace.text[1][0].endswith("no value")


def test_kl_has_a_scale_from_0(result):
    figure = kind_multiples({AblationKind.ZERO: result}, {}, result.shape, KL, Look())
    assert figure.layout.coloraxis.cmin == 0
    assert figure.layout.coloraxis.cmax == pytest.approx(max(e.kl for e in result.heads))
    assert figure.layout.coloraxis.colorscale[0][1] == Look().paper


def test_panels_do_not_overlap(result, results):
    figure = kind_multiples(results, ABSENT, result.shape, PROB, Look())
    spans = []
    for number in ("", 2, 3, 4):
        across, down = (figure.layout[f"{axis}{number}"].domain for axis in ("xaxis", "yaxis"))
        spans.append((*across, *down))
        assert 0 <= across[0] < across[1] <= 1
        assert 0 <= down[0] < down[1] <= 1
    for at, (left, right, low, high) in enumerate(spans):
        for other in spans[at + 1 :]:
            apart = right < other[0] or other[1] < left or high < other[2] or other[3] < low
            assert apart

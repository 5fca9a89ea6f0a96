"""Heads stand at the same place in every figure: layers down, heads across."""

import pytest

from components.figures.base.head_axes import (
    head_axes,
    named_heads,
    on_panel,
    shape_on_panel,
    thinned,
)
from components.figures.base.look import Look, blank
from core.spec.heads import Head, all_heads


def test_a_cell_is_centred_at_its_head_and_layer_and_the_first_layer_is_on_top():
    sketch = blank(Look(), 100)
    sketch.update_layout(head_axes((3, 5), Look(), most=26))
    figure = sketch.figure()
    assert list(figure.layout.xaxis.range) == [-0.5, 4.5]
    assert list(figure.layout.yaxis.range) == [2.5, -0.5]
    assert (figure.layout.xaxis.title.text, figure.layout.yaxis.title.text) == ("head", "layer")
    assert list(figure.layout.xaxis.tickvals) == [0, 1, 2, 3, 4]


def test_panels_have_axes_of_their_own_that_hold_each_other():
    assert on_panel(0) == {"xaxis": "x", "yaxis": "y"}
    assert shape_on_panel(2) == {"xref": "x3", "yref": "y3"}
    options = {"panel": 1, "across": (0.5, 1.0), "down": (0.0, 0.4), "layers_named": False}
    axes = head_axes((3, 5), Look(), most=26, **options)
    assert set(axes) == {"xaxis2", "yaxis2"}
    assert (axes["xaxis2"]["anchor"], axes["yaxis2"]["anchor"]) == ("y2", "x2")
    assert (axes["xaxis2"]["domain"], axes["yaxis2"]["domain"]) == ([0.5, 1.0], [0.0, 0.4])
    assert not axes["yaxis2"]["showticklabels"]
    assert axes["yaxis2"]["title"]["text"] == ""


def test_named_heads_are_thinned_with_their_names():
    heads = all_heads(10, 10)
    axis = named_heads(heads, Look(), most=28)
    assert len(axis["tickvals"]) <= 28
    assert axis["ticktext"] == [heads[at].label for at in axis["tickvals"]]
    assert axis["range"] == [99.5, -0.5]
    assert named_heads([Head(1, 2)], Look(), most=28)["ticktext"] == ["L1H2"]


@pytest.mark.parametrize("most", [1, 2, 13, 26])
def test_thinned_ticks_are_even_from_0_and_as_many_as_fit(most):
    for n in range(1, 200):
        ticks = thinned(n, most)
        step = ticks[1] if len(ticks) > 1 else n
        assert ticks == list(range(0, n, step))
        assert len(ticks) <= most
        if len(ticks) > 1 and step > 1:
            assert len(range(0, n, step - 1)) > most  # a smaller step would have been too many
    assert thinned(0, most) == []
    assert thinned(most, most) == list(range(most))

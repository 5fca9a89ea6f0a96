"""A sketch becomes the figure that Plotly's own methods make of the same changes, one by one."""

import plotly.graph_objects as go
import pytest

from components.figures.base.sketch import Sketch

BEGUN = {"template": "none", "height": 100, "font": {"size": 12, "color": "#111111"}}


def changed(drawn):
    """Every kind of change, some of them over earlier ones."""
    drawn.add_trace(go.Scatter(x=[1, 2], y=[3, 4], name="below"))
    drawn.add_trace(go.Scatter(x=[1], y=[3], xaxis="x2", name="above"))
    drawn.add_shape({"type": "rect", "x0": 0, "x1": 1, "line": {"color": "#222222"}}, line_width=2)
    drawn.add_shape(type="line", x0=0, x1=1, y0=2, y1=2, name="later")
    drawn.add_annotation(text="one", x=1, y=2, showarrow=False)
    drawn.add_annotation(text="two", x=3, y=4, font={"size": 9})
    drawn.update_layout({"xaxis2": {"title_font": {"size": 8}}}, margin={"l": 1}, font={"size": 14})
    drawn.update_layout(margin={"r": 2}, hovermode="closest")
    drawn.update_xaxes({"tickfont": {"size": 10, "color": "#333333"}}, showgrid=False)
    drawn.update_xaxes(tickfont={"color": "#444444"})
    drawn.update_yaxes(range=[1, 0])


def test_it_becomes_the_figure_that_plotly_makes_of_the_same_changes():
    sketch, figure = Sketch(BEGUN), go.Figure(layout=BEGUN)
    changed(sketch)
    changed(figure)
    assert sketch.figure().to_plotly_json() == figure.to_plotly_json()
    assert [trace.name for trace in sketch.figure().data] == ["below", "above"]
    assert sketch.figure().layout.xaxis2.tickfont.color == "#444444"


def test_what_it_was_given_is_left_as_it_was():
    begun, axis = {"margin": {"l": 1}}, {"tickfont": {"size": 10}}
    sketch = Sketch(begun)
    sketch.update_layout(margin={"r": 2})
    sketch.update_xaxes(axis)
    sketch.update_xaxes(tickfont={"color": "#444444"})
    sketch.add_shape(type="line")
    assert begun == {"margin": {"l": 1}}
    assert axis == {"tickfont": {"size": 10}}


def test_what_plotly_does_not_know_is_refused_once_it_is_whole():
    sketch = Sketch({})
    sketch.update_layout(hight=100)
    with pytest.raises(ValueError, match="hight"):
        sketch.figure()

"""What tests read off a figure: as the page gets it, from its JSON, or trace by trace."""

import json

from components.figures.base.cells import NUMBERS

ODD = "<b>x</b>$y$"
"""A token that would be bold and a formula if it reached a figure as it is."""


def page_of(figure):
    """The figure as the page reads it."""
    return json.loads(figure.to_json())


def walked(node, path=()):
    """(path, value) of everything in a figure's JSON that is not a list or an object itself."""
    if isinstance(node, dict | list):
        items = node.items() if isinstance(node, dict) else enumerate(node)
        for key, value in items:
            yield from walked(value, (*path, key))
    else:
        yield path, node


def strings_of(figure):
    return [value for _, value in walked(page_of(figure)) if isinstance(value, str)]


def on_axis(figure, panel=0):
    """The traces of one panel."""
    axis = "x" if panel == 0 else f"x{panel + 1}"
    return [trace for trace in figure.data if (trace.xaxis or "x") == axis]


def heatmap_of(figure, panel=0):
    """The one heatmap whose colours are values: hairlines are of one colour."""
    found = [t for t in on_axis(figure, panel) if t.type == "heatmap"]
    (trace,) = [t for t in found if not t.colorscale or t.colorscale[0][1] != t.colorscale[-1][1]]
    return trace


def targets_of(figure, panel=0):
    (trace,) = [t for t in on_axis(figure, panel) if t.customdata is not None]
    return trace


def told_by(figure, panel=0):
    """What is said of each cell that can be clicked, by its custom data."""
    trace = targets_of(figure, panel)
    return {tuple(cell): text for cell, text in zip(trace.customdata, trace.text, strict=True)}


def numbers_of(figure, panel=0):
    """The texts on the cells, by (row, column)."""
    (trace,) = [t for t in on_axis(figure, panel) if t.name == NUMBERS]
    return {
        (row, column): said for column, row, said in zip(trace.x, trace.y, trace.text, strict=True)
    }


def shapes_of(figure, name):
    """The shapes whose names begin so."""
    return [shape for shape in figure.layout.shapes if (shape.name or "").startswith(name)]

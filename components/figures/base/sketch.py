"""`Sketch`: what a figure is made of while it is drawn, in plain dictionaries.

Plotly checks a figure anew at each of its changes, and one of ours is thirty of them. Told all at
once the same figure costs a fifth, and a page draws up to five figures at each click.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import plotly.graph_objects as go
from plotly.basedatatypes import BaseTraceType


@dataclass(eq=False)
class Sketch:
    """Traces, and a layout that later changes are merged into; the methods are Plotly's own."""

    layout: dict[str, Any]
    traces: list[BaseTraceType] = field(default_factory=list)

    def add_trace(self, trace: BaseTraceType) -> None:
        """Draw a trace over all others."""
        self.traces.append(trace)

    def add_shape(self, *given: Mapping[str, Any], **options: Any) -> None:
        """Draw a shape over all others."""
        shape = {name: value for each in (*given, options) for name, value in each.items()}
        self.layout.setdefault("shapes", []).append(shape)

    def add_annotation(self, **options: Any) -> None:
        """Write some words over everything else."""
        self.layout.setdefault("annotations", []).append(options)

    def update_layout(self, *given: Mapping[str, Any], **options: Any) -> None:
        """Merge these into the layout, level by level; what is given last counts."""
        for each in (*given, options):
            self.layout = _merged(self.layout, each)

    def update_xaxes(self, *given: Mapping[str, Any], **options: Any) -> None:
        """Merge these into every x axis that there is, the first at the least."""
        self._update_axes("xaxis", *given, options)

    def update_yaxes(self, *given: Mapping[str, Any], **options: Any) -> None:
        """Merge these into every y axis that there is, the first at the least."""
        self._update_axes("yaxis", *given, options)

    def figure(self) -> go.Figure:
        """The figure; Plotly checks here what it was given."""
        return go.Figure(self.traces, self.layout)

    def _update_axes(self, axis: str, *given: Mapping[str, Any]) -> None:
        there = {axis, *(name for name in self.layout if re.fullmatch(rf"{axis}\d+", name))}
        for each in given:
            self.update_layout(dict.fromkeys(there, each))


def _merged(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """`one` with what `other` says; both are left as they are."""
    both = dict(one)
    for name, value in other.items():
        before = both.get(name)
        if isinstance(before, Mapping) and isinstance(value, Mapping):
            value = _merged(before, value)
        both[name] = value
    return both

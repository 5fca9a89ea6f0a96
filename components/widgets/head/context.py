"""What every view of a head is given, and the small things that they all draw with."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go
import streamlit as st

from components.figures.base.grids import Panel, grids
from components.figures.base.look import Look
from components.state import Effects, Session
from components.widgets.page.chart_config import CHART_CONFIG
from components.widgets.page.clicks import clicked_head
from components.widgets.page.html import show_html
from components.widgets.page.task_result import AT_ONCE
from components.words.markup import fill, terms_html
from core.checkpoints.registry import key_of
from core.circuits.head_scores import HeadScores
from core.circuits.tasks import MeasureDirectEffect, MeasureHeadScores
from core.jobs.task import Task
from core.results.leading import NOTABLE_NATS, leading_of, opening
from core.results.metrics import Metric
from core.results.result import HeadEffect, SweepResult
from core.spec.heads import Head
from core.spec.spec import SweepSpec
from core.text.words import Words

if TYPE_CHECKING:
    from core.circuits.by_kind import ByKind
    from core.circuits.direct_effect import DirectEffect

ATTENTION = 0.05
"""A change of an attention weight below it gets no strong colour."""
ATTENTION_UNIT = "attention weight"
"""What stands behind such a change: a fraction of the head's attention."""


@dataclass(frozen=True)
class HeadContext:
    """One head of the sweep on screen, seen in a metric."""

    effects: Effects
    effect: HeadEffect
    chosen_metric: Metric
    state: Session
    look: Look

    @property
    def result(self) -> SweepResult:
        """The sweep's result."""
        return self.effects.result

    @property
    def spec(self) -> SweepSpec:
        """The sweep's spec, its BOS decided."""
        return self.result.spec

    @property
    def head(self) -> Head:
        """The head."""
        return self.effect.address

    @property
    def metric(self) -> Metric:
        """The heatmap's metric if it has a sign and a value here, else the sweep's own first."""
        metric = self.chosen_metric
        return (
            metric
            if metric.signed and metric.measures(self.result)
            else opening(self.result).metric
        )

    @property
    def share_of_first(self) -> float | None:
        """Of the change in the leading metric, the share of position 0 alone; None: unknown."""
        layer_effects = self.effects.layer_effects
        if layer_effects is None:
            return None
        return layer_effects.share_of_first(self.result, self.head, leading_of(self.result).field)

    @property
    def direct_effect_and_kinds(self) -> "tuple[DirectEffect | str, ByKind] | None":
        """The direct effect (or why there are none) and kinds, once they are measured."""
        found: tuple[DirectEffect | str, ByKind] | None
        found = self._measured("trace", MeasureDirectEffect(self.spec, self.head))
        return found

    @property
    def head_scores(self) -> HeadScores | None:
        """Every head's role scores, once they are measured."""
        found: HeadScores | None = self._measured("roles", MeasureHeadScores(key_of(self.spec)))
        return found

    def _measured(self, slot: str, task: Task) -> Any:
        """What a task of the verdict's has found; a view that shows it asks before the verdict."""
        self.state.tasks.ask(slot, task).wait(AT_ONCE)
        return self.state.tasks.output(slot)


def subtitle(words: Words) -> None:
    """What a figure shows, above it, its terms marked."""
    show_html(fill('<div class="hs-subtitle">{}</div>', terms_html(words)))


def chart(figure: go.Figure, key: str, alt: str) -> None:
    """A figure to look at."""
    st.plotly_chart(figure, key=key, theme=None, config=CHART_CONFIG, alt=alt)


def head_chart(figure: go.Figure, key: str, alt: str, state: Session) -> None:
    """A figure whose points are heads: a click opens that head."""
    # A new key after each choice: an old click must not come back.
    name = f"{key}-{state.selection.clicks}"
    st.plotly_chart(
        figure,
        key=name,
        theme=None,
        config=CHART_CONFIG,
        alt=alt,
        on_select=lambda: _open(name),
        selection_mode="points",
    )


def contributions(
    panel: Panel, look: Look, selected: Collection[Head] = (), digits: int | None = None
) -> go.Figure:
    """What heads add to the answer directly, or how that changed, in nats."""
    return grids([panel], "nats", look, selected=selected, least=NOTABLE_NATS, digits=digits)


def _open(name: str) -> None:
    from components.state import session

    if (head := clicked_head(name)) is not None:
        session().selection.choose(head)

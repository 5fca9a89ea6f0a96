"""The heatmap on the page: metric switch, chart, and the provenance line beneath it."""

import streamlit as st

from components.figures.base.look import Look
from components.figures.head_grid import head_grid
from components.state import Effects, Session, put, value
from components.state.answer_syntax import typed_answer
from components.widgets.page.html import show_html
from components.widgets.page.messages import note
from components.widgets.page.metric_row import metric_switch
from components.widgets.sweep.head_grid import show_grid
from components.words.escaping import as_markdown
from components.words.markup import quiet_html
from core.circuits.atlas import legend, letters
from core.prompts.tokens import visible_text
from core.results.metrics import Metric
from core.results.result import SweepResult
from core.sweep.estimate.estimate_words import estimate_words
from core.text.words import bold, joined, phrase


def heatmap_panel(effects: Effects, metric: Metric, state: Session, look: Look) -> None:
    """Draw the heatmap in a metric, with the switch to the others."""
    result = effects.result
    metric_switch(result)
    if not metric.measures(result):
        _lacks(metric, result)
        return
    with st.container(key="heatmap"):
        show_grid(
            head_grid(
                result,
                metric,
                look,
                name=_name(result, metric),
                estimate=effects.estimate,
                layer_effects=effects.layer_effects,
                beside="" if effects.layer_effects else _without_layer_effects(state),
                letters=letters(result.spec.model) if value("published_roles") else None,
            ),
            state,
        )
    _beneath(effects, metric)


def _beneath(effects: Effects, metric: Metric) -> None:
    """What the cells and their colours mean."""
    result = effects.result
    with st.container(key="how_to_read"):
        show_html(quiet_html(metric.how_to_read))
    if effects.estimate is not None and not result.complete:
        with st.container(key="estimate"):
            show_html(quiet_html(phrase(estimate_words(effects.estimate, result, metric))))
    _atlas(result)


def _atlas(result: SweepResult) -> None:
    """For models with published circuits: a switch for their letters, and what they mean."""
    known = legend(result.spec.model)
    if not known:
        return
    with st.container(key="atlas"):
        st.toggle(
            "Roles from the literature",
            key="published_roles",
            persist_state="session",
            help="Letters on the heatmap: what papers call these heads, each on its own task. They "
            "are no measurement of this prompt.",
        )
        if value("published_roles"):
            said = joined(" · ", (phrase(bold(letter), f" {role}") for letter, role in known))
            show_html(quiet_html(phrase(said, ". A head’s own view names paper and task.")))


def _lacks(metric: Metric, result: SweepResult) -> None:
    """Why there is nothing to draw, and what to do."""
    if metric.needs_foil and result.spec.foil is None:
        _needs_foil(result)
        return
    with st.container(key="heatmap"):
        note(
            f"This run does not have the {metric.short}: the Headsweep that made it did not "
            "measure it. Sweep the prompt again to have it."
        )


def _needs_foil(result: SweepResult) -> None:
    """Logit difference without a foil: offer the clean run's strongest rival."""
    rival = next(
        (text for text, _ in result.baseline.top if text not in result.target_tokens), None
    )
    with st.container(key="heatmap"):
        note(
            "The logit difference compares the target with a rival token, and this sweep has no "
            "foil. Add one in the composer and sweep again."
        )
        if rival is not None:
            st.button(
                f"Use the strongest rival, {as_markdown(visible_text(rival))}, as the foil",
                key="use_rival",
                on_click=put,
                args=("foil", typed_answer(rival)),
            )


def _name(result: SweepResult, metric: Metric) -> str:
    strongest = ", ".join(
        f"{e.address.label} {metric.quantity(metric.value(e) or 0)}"
        for e in result.ranked(metric.field)[:3]
    )
    return (
        f"Heatmap, {result.shape[0]} layers by {result.shape[1]} heads. {metric.title}. "
        f"Largest: {strongest}. The table beneath has every value."
    )


def _without_layer_effects(state: Session) -> str:
    coming = state.sweep.is_coming(state.sweep.requested)
    return "measured after the heads" if coming else "not measured"

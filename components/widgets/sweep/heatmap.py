"""The heatmap on the page: metric switch, chart, and the provenance line beneath it."""

import streamlit as st

from components.figures.base.look import Look
from components.figures.cell_contents import ESTIMATED, n_estimated
from components.figures.head_grid import head_grid
from components.state import Effects, Session, put, value
from components.state.answer_syntax import typed_answer
from components.widgets.page.html import show_html
from components.widgets.page.messages import note
from components.widgets.page.metric_row import metric_row, shown_metric
from components.widgets.sweep.head_grid import show_grid
from components.words.escaping import as_markdown
from components.words.markup import quiet_html
from core.circuits.atlas import legend, letters
from core.prompts.tokens import visible_text
from core.results.captions import layer_effect_words, provenance_words
from core.results.metrics import Metric
from core.results.result import SweepResult
from core.sweep.estimate.attribution import Estimate, check_estimate
from core.text.numbers import signed
from core.text.words import bold, joined, phrase


def heatmap_panel(effects: Effects, state: Session, look: Look) -> Metric:
    """Draw the heatmap in the chosen metric; returns that metric."""
    result = effects.result
    metric = shown_metric(result)
    metric_row(phrase(f"{metric.title} when one head is ablated"), result)
    if not metric.measures(result):
        _lacks(metric, result)
        return metric
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
    return metric


def _beneath(effects: Effects, metric: Metric) -> None:
    """What the colours mean, and how the numbers came about."""
    result = effects.result
    show_html(quiet_html(metric.how_to_read))
    with st.container(key="margins"):
        show_html(quiet_html(layer_effect_words(result, effects.layer_effects)))
    _atlas(result)
    with st.container(key="estimate"):
        if effects.estimate is not None and (said := _estimate(result, metric, effects.estimate)):
            show_html(quiet_html(phrase(said)))
    with st.container(key="provenance"):
        show_html(quiet_html(provenance_words(result)))


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
        f"Largest: {strongest}. The Ranking tab has every value as a table."
    )


def _without_layer_effects(state: Session) -> str:
    coming = state.sweep.is_coming(state.sweep.requested)
    return "measured after the heads" if coming else "not measured"


def _estimate(result: SweepResult, metric: Metric, estimate: Estimate) -> str:
    """How far the cells are estimated; at the end, how good the estimate was."""
    if metric.estimated(estimate) is None:
        words = f"{metric.short} has no first-order estimate"
        return words if result.complete else f"{words}: its cells appear as they are measured."
    if not result.complete:
        total = result.shape[0] * result.shape[1]
        count = n_estimated(result, metric, estimate)
        return (
            f"Estimated so far: {count} of {total} cells, marked {ESTIMATED} (first-order, from "
            "gradients). Exact cells replace them."
        )
    check = check_estimate(estimate, result, metric.field)
    if check is None:
        return ""
    found = "not defined" if check.correlation is None else signed(check.correlation, 2)
    misses = "; ".join(
        f"{head.label}: estimated {metric.text(guess * metric.factor)}, measured "
        f"{metric.quantity(exact * metric.factor)}"
        for head, guess, exact in check.worst
    )
    return (
        "The first-order estimate shown meanwhile: rank correlation with the exact sweep, "
        f"over {check.n_heads:,} heads, {found}; worst misses {misses}."
    )

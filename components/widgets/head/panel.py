"""The chosen head's own room: what its ablation did, the verdict, and one view at a time."""

import streamlit as st
from markupsafe import Markup

from components.figures.base.look import Look
from components.state import (
    Effects,
    Session,
    live_for,
    named_heads,
    outdated,
    put_head,
    value,
)
from components.widgets.head.attention import attention_view
from components.widgets.head.by_position import by_position_view
from components.widgets.head.context import HeadContext
from components.widgets.head.direct_effect import direct_effect_view
from components.widgets.head.dose import dose_view
from components.widgets.head.logits import logits_view
from components.widgets.head.path_patching import path_patching_view
from components.widgets.head.scores import scores_view
from components.widgets.head.verdict import verdict_panel
from components.widgets.page.html import show_html
from components.widgets.page.messages import note
from components.words.markup import fill, token_html
from core.circuits.verdict import place_words
from core.results.leading import opening
from core.results.metrics import PROB, Metric
from core.results.result import HeadEffect, SweepResult
from core.spec.heads import Head
from core.sweep.estimate.reliability import shown_guesses
from core.text.numbers import percent

VIEWS = {
    "attention": ("What it looks at", attention_view),
    "logits": ("What it says", logits_view),
    "positions": ("Where it matters", by_position_view),
    "scores": ("Which role it plays", scores_view),
    "path-patching": ("What feeds it", path_patching_view),
    "direct-effect": ("By which route", direct_effect_view),
    "dose": ("How much of it", dose_view),
}


def head_detail(effects: Effects, metric: Metric, state: Session, look: Look) -> None:
    """Draw the selected head's room; nothing where none is selected."""
    result, head = effects.result, state.selection.head
    if head is None:
        return
    with st.container(border=True, key="head_detail"):
        effect = result.effect(head)
        if effect is None:
            _not_swept(effects, metric, head)
            return
        _headline(result, effect, metric, state)
        if _not_now(result, state):
            return
        context = HeadContext(effects, effect, metric, state, look)
        with st.container(key="head_views"):
            st.segmented_control(
                "View",
                list(VIEWS),
                key="head_view",
                format_func=lambda name: VIEWS[name][0],
                required=True,
                label_visibility="collapsed",
                persist_state="session",
            )
        with st.container(key=f"view_{value('head_view')}"):
            VIEWS[value("head_view")][1](context)
        verdict_panel(context)


def _not_now(result: SweepResult, state: Session) -> bool:
    """Say why nothing can be measured at this moment, if so."""
    name = result.spec.model
    if state.models.is_untrusted(name):
        note("The closer look at this head needs its model, which is not loaded: see Model above.")
        return True
    if live_for(result.spec) is None:
        note("The closer look at this head appears as soon as the model is loaded.")
        if state.waiting_for is None and not state.sweep.saved_example:
            st.button("Load it", key="load_for_head", on_click=state.models.load, args=(name,))
        return True
    if state.sweep.result is not None and outdated(state.sweep.result):
        note("The model’s files have changed since this sweep: sweep again for a closer look.")
        return True
    return False


def _not_swept(effects: Effects, metric: Metric, head: Head) -> None:
    """Of a head that a stopped or a linked sweep has not come to."""
    guesses = shown_guesses(effects.estimate, effects.result, metric)
    if not head.within(effects.result.shape):  # of a linked sweep that is to come
        guesses = None
    guess = "" if guesses is None else f" (estimated {metric.quantity(guesses[head])})"
    note(f"{head.label} has not been swept yet{guess}.")


def _measured(metric: Metric, result: SweepResult) -> Metric:
    """The metric on display where this run has it, else the one it opens on."""
    return metric if metric.measures(result) else opening(result).metric


def _headline(result: SweepResult, effect: HeadEffect, metric: Metric, state: Session) -> None:
    shown = _measured(metric, result)
    change = shown.value(effect)
    assert change is not None
    own = "" if shown is PROB else f"{shown.short} {shown.quantity(change)} · "
    with st.container(
        horizontal=True,
        vertical_alignment="center",
        horizontal_alignment="distribute",
        key="head_line",
    ):
        said = (
            f"{percent(result.baseline.prob)} → {percent(effect.prob)} · "
            f"{PROB.quantity(100 * effect.prob_change)} · {own}"
            f"{place_words(result, effect, shown)} · "
            f"target’s rank {result.baseline.rank:,} → {effect.rank:,}"
        )
        show_html(
            fill(
                '<h2 class="hs-head" tabindex="-1"><b>{}</b> ablated: {} · {}</h2>',
                effect.address.label,
                said,
                _likeliest(effect),
            )
        )
        with st.container(horizontal=True, width="content", gap="xsmall", key="head_buttons"):
            _neighbours(result.shape, effect.address, state)
            _for_hypothesis(effect.address)
            st.button(
                "Unselect",
                key="clear_head",
                on_click=state.selection.choose,
                args=(None,),
                icon=":material/close:",
                type="tertiary",
            )


def _neighbours(shape: tuple[int, int], at: Head, state: Session) -> None:
    """Buttons to the heads around this one; the page's script gives them the arrow keys."""
    for name, icon, said, key, layer, head in (
        ("left", "arrow_back", "The head to the left", "←", at.layer, at.head - 1),
        ("right", "arrow_forward", "The head to the right", "→", at.layer, at.head + 1),
        ("up", "arrow_upward", "The same head one layer earlier", "↑", at.layer - 1, at.head),
        ("down", "arrow_downward", "The same head one layer later", "↓", at.layer + 1, at.head),
    ):
        inside = Head(layer, head).within(shape)
        st.button(
            said,
            key=f"head_{name}",
            on_click=state.selection.choose,
            # At the edge it stays where it is: a button that is disabled loses the focus.
            args=(Head(layer, head) if inside else at,),
            icon=f":material/{icon}:",
            help=f"{said} ({key})",
            type="tertiary",
        )


def _for_hypothesis(head: Head) -> None:
    chosen = head in named_heads()
    st.button(
        "In the hypothesis" if chosen else "Add to hypothesis",
        key="add_to_hypothesis",
        on_click=put_head,
        args=(head,),
        icon=":material/check:" if chosen else ":material/add:",
        type="tertiary",
        help="Heads to be ablated together on the Hypothesis page; press again to take it out",
    )


def _likeliest(effect: HeadEffect) -> Markup:
    text, prob = effect.top[0]
    return fill(
        'then likeliest <span class="hs-code">{}</span> {}', token_html(text), percent(prob)
    )

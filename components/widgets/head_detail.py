"""The chosen head's own room: where it looks, what the model says without it, kind by kind."""

from typing import Any

import streamlit as st

from components.figures.attention import MAX_POSITIONS, attention_pattern
from components.figures.kinds import effect_by_kind
from components.figures.layer_margins import share
from components.figures.look import Look
from components.figures.metric import PROB, Metric
from components.figures.predictions import before_after
from components.plain import token_html
from components.state import Session, head_view, live_model, outdated
from components.widgets.heatmap import CHART_CONFIG
from components.widgets.messages import error_message, note
from core.errors import InputError
from core.results import HeadEffect, SweepResult
from core.wording import percent, signed


def head_detail(result: SweepResult, metric: Metric, state: Session, look: Look) -> None:
    """Draw the selected head's room, or say how to select one."""
    with st.container(border=True, key="head_detail"):
        effect = result.effect(state.head) if state.head is not None else None
        if effect is None:
            _invitation(result, metric, state)
            return
        _headline(result, effect, state)
        if said := _first_position(result, effect, metric, state):
            st.html(f'<div class="hs-quiet">{said}</div>')
        name = result.spec.model
        model = live_model(name)
        if model is None:
            note("The closer look at this head appears as soon as the model is loaded.")
            if state.waiting_for is None and not state.saved_example:
                st.button("Load it", key="load_for_head", on_click=state.load, args=(name,))
            return
        if outdated(result):
            note("The model’s files have changed since this sweep: sweep again for a closer look.")
            return
        try:
            view = head_view(model, result, result.key, effect.address)
        except InputError as error:
            error_message(str(error))
            return
        _figures(view, result, metric, look)


def _invitation(result: SweepResult, metric: Metric, state: Session) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        if state.head is not None:
            guesses = metric.estimated(state.estimate)
            guess = (
                "" if guesses is None else f" (estimated {metric.quantity(guesses[state.head])})"
            )
            note(f"{state.head.label} has not been swept yet{guess}.")
        note("Click a cell of the heatmap, or a row of the ranking, to see one head closely.")
        for effect in result.ranked()[:3]:
            st.button(
                effect.address.label,
                key=f"open-{effect.address.label}",
                on_click=state.choose_head,
                args=(effect.address,),
            )


def _headline(result: SweepResult, effect: HeadEffect, state: Session) -> None:
    ranked = [e.address for e in result.ranked()]
    place = ranked.index(effect.address) + 1
    of = f"{_ordinal(place)} of {len(ranked)} by size of the change"
    if place == 1:
        of = f"the largest change of {len(ranked)}"
    with st.container(
        horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"
    ):
        st.html(
            f'<div class="hs-head"><b>{effect.address.label}</b> ablated: '
            f"{percent(result.baseline.prob)} → {percent(effect.prob)} · "
            f"{signed(100 * effect.prob_change)} pp · {of} · "
            f"target’s rank {result.baseline.rank:,} → {effect.rank:,} · "
            f"{_likeliest(effect)}</div>",
            width="stretch",
        )
        st.button(
            "Unselect",
            key="clear_head",
            on_click=state.choose_head,
            args=(None,),
            icon=":material/close:",
            type="tertiary",
        )


def _likeliest(effect: HeadEffect) -> str:
    text, prob = effect.top[0]
    return f'then likeliest <span class="hs-code">{token_html(text)}</span> {percent(prob)}'


def _first_position(
    result: SweepResult, effect: HeadEffect, metric: Metric, state: Session
) -> str | None:
    """How much of the effect ablating the head at position 0 alone has; BOS often is there."""
    margins, whole = state.margins, metric.of(effect)
    if margins is None or whole is None:
        return None
    alone = margins.first_position.get(effect.address)
    part = margins.share_of_first(result, effect.address, metric.field)
    value = None if alone is None else metric.of(alone)
    if value is None or part is None:
        return None
    where = "position 0 (BOS)" if result.spec.prepend_bos else "position 0"
    of = f", {share(part)} of its {metric.quantity(whole)}" if abs(whole) >= metric.notable else ""
    return f"Ablated at {where} alone: {metric.quantity(value)}{of}."


def _figures(view: Any, result: SweepResult, metric: Metric, look: Look) -> None:
    with st.container(key="head_figures"):
        pattern, says, kinds = st.columns([1.25, 1, 1], gap="large")
    label = view.head.label
    with pattern:
        _subtitle("What it looks at (attention, clean run)")
        st.plotly_chart(
            attention_pattern(view.pattern, view.tokens, look),
            key=f"attention-{label}",
            theme=None,
            config=CHART_CONFIG,
            alt=f"Attention pattern of {label} over the prompt",
        )
        if len(view.tokens) > MAX_POSITIONS:
            note(f"The last {MAX_POSITIONS} of {len(view.tokens)} positions.")
    with says:
        _subtitle("What the model says without it")
        st.plotly_chart(
            before_after(view.predictions, result.target_tokens[0], look),
            key=f"predictions-{label}",
            theme=None,
            config=CHART_CONFIG,
            alt=f"Next-token probabilities before and after ablating {label}",
        )
    with kinds:
        _subtitle("Under each kind of ablation")
        shown = metric if metric.measures(result) else PROB
        st.plotly_chart(
            effect_by_kind(view.by_kind, shown, result.spec.ablation, look),
            key=f"kinds-{label}",
            theme=None,
            config=CHART_CONFIG,
            alt=f"Effect of ablating {label} under each kind of ablation",
        )
        note("In blue: the kind of this sweep. Where the kinds disagree, trust neither alone.")


def _subtitle(text: str) -> None:
    st.html(f'<div class="hs-quiet">{text}</div>')


def _ordinal(n: int) -> str:
    suffix = "th" if 10 <= n % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(n % 10, "th")
    return f"{n}{suffix}"

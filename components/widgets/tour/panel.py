"""The tour on the page: its offer on the first visit, and one step at a time."""

from dataclasses import replace

import streamlit as st

from components.state import Effects, Session, clean_baseline, live_for, put, same_sweep
from components.widgets.page.html import show_html
from components.widgets.tour.steps import STEPS, Seen, TourStep
from components.words.markup import fill, terms_html
from core.circuits.tasks import MeasureAttention
from core.demo import example
from core.errors import InputError
from core.text.words import Words


def tour_panel(effects: Effects, state: Session) -> None:
    """Draw it where the first example is on screen: nowhere else are its words true."""
    if not same_sweep(example.SPEC, state.sweep.result):
        state.tour.leave()
        return
    if state.tour.step is None:
        if state.tour.offered:
            _offer(state)
    else:
        _step(state.tour.step, _seen(effects, state), state)


def _offer(state: Session) -> None:
    """The page's script hides it for good where it was dismissed, or the tour was taken."""
    with st.container(key="tour_offer", horizontal=True, vertical_alignment="center", gap="small"):
        said = "New here? See an induction head in two minutes."
        show_html(fill('<span class="hs-quiet">{}</span>', said), width="content")
        st.button("Take the tour", key="tour_begin", on_click=_go, args=(0, state))
        st.button("No, thanks", key="tour_dismiss", type="tertiary", on_click=state.tour.finish)


def _step(number: int, seen: Seen, state: Session) -> None:
    step, last = STEPS[number], len(STEPS) - 1
    with st.container(border=True, key="tour"):
        _said(number, step, step.words(seen))
        with st.container(horizontal=True, gap="small", key="tour_steps"):
            if number:
                st.button("Back", key="tour_back", on_click=_go, args=(number - 1, state))
            if number < last:
                st.button(
                    "Next", key="tour_next", type="primary", on_click=_go, args=(number + 1, state)
                )
            st.button(
                "Leave the tour" if number < last else "Done",
                key="tour_leave",
                type="tertiary" if number < last else "primary",
                on_click=state.tour.finish,
            )


def _said(number: int, step: TourStep, words: Words) -> None:
    show_html(
        fill(
            '<div class="hs-tour" aria-live="polite"><h2>{} <span class="hs-quiet">{} of {}</span>'
            "</h2><p>{}</p></div>",
            step.title,
            number + 1,
            len(STEPS),
            terms_html(words),
        )
    )


def _go(number: int, state: Session) -> None:
    step = STEPS[number]
    state.tour.go(number)
    state.selection.choose(step.head)
    put("head_view", step.view)


def _seen(effects: Effects, state: Session) -> Seen:
    result, head = effects.result, state.selection.head
    job = state.tasks.jobs.get("view")
    weights = None
    if head is not None and job is not None and job.task == MeasureAttention(result.spec, head):
        found = state.tasks.output("view")
        weights = None if found is None else found.weights
    return Seen(result, effects.layer_effects, _alone(effects), weights)


def _alone(effects: Effects) -> float | None:
    """P(target) after the second copy alone; None until the model is there."""
    model = live_for(effects.result.spec)
    if model is None:
        return None
    from core.prompts.controls import without_first_copy

    spec = effects.result.spec
    try:
        shorter = without_first_copy(model.tokenizer, spec.prompt, prepend_bos=True)
        return clean_baseline(model, model.fingerprint, replace(spec, prompt=shorter)).prob
    except InputError:
        return None

"""From the draft and the jobs to the result on screen, and a word where the two differ."""

import streamlit as st

from components.state import (
    SealedSweep,
    Session,
    finished,
    finished_sweep,
    live_for,
    outdated,
    same_sweep,
)
from components.state.warm_up import load_failed
from components.widgets.composer.draft import Draft, on_this_machine
from components.widgets.page.messages import banner, note
from components.widgets.page.progress import wait_until
from core.prompts.token_words import answer_words
from core.spec.spec import SweepSpec
from core.text.words import plain

AT_ONCE = 0.25
"""Seconds that a short sweep is waited for, so that no progress bar flashes up."""


def follow(state: Session, draft: Draft) -> None:
    """Start what was asked for; a sweep that was already done is on screen again at once."""
    sweep, pressed = state.sweep, state.composer.take_press()
    if draft.spec is not None and (pressed or _linked(state, draft)):
        sweep.start(draft.spec)
        if sweep.job is not None and sweep.job.wait(AT_ONCE):
            sweep.collect()
            if sweep.failed is not None or state.address.trouble:
                st.rerun()  # what is wrong is said above, where it was entered or asked for
    if sweep.job is None and draft.spec is not None and _is_wanting(state, draft.spec):
        known = finished(draft.spec)
        found = None if known is None else finished_sweep(known)
        if known is not None and found is not None and not outdated(found):
            sweep.adopt(known)
    state.kinds.keep_for(sweep.requested)
    if sweep.result is not None and sweep.linked is None:  # a head of another model's patching
        state.selection.fit_quietly(sweep.result.shape)


def _is_wanting(state: Session, spec: SweepSpec) -> bool:
    """Whether what is on screen is not yet the whole answer to the composer's inputs."""
    shown = state.sweep.result
    return shown is None or spec != state.sweep.requested or not shown.complete or outdated(shown)


def _linked(state: Session, draft: Draft) -> bool:
    """Whether to sweep what a link asks for: nobody downloads a model by opening a link."""
    sweep = state.sweep
    if not sweep.to_run or draft.spec != sweep.linked or sweep.job is not None:
        return False
    return draft.model is not None or on_this_machine(draft.name)


def run_status(state: Session, draft: Draft) -> None:
    """Say what is on screen wherever that is not simply the answer to the composer's inputs."""
    sweep, result = state.sweep, state.sweep.result
    if result is None:
        return
    with st.container(key="situation"):
        if sweep.saved_example and live_for(result.spec) is None:
            _await_model(result.spec)
        asked = draft.requested
        if asked is None:
            banner(f"The inputs need a correction. Below is still {_summary(result)}.")
        elif not same_sweep(asked, result):
            changed = "The model’s files have" if outdated(result) else "The inputs have"
            why = (
                "The link is filled in and not swept yet"
                if asked == sweep.linked
                else f"{changed} changed"
            )
            coming = sweep.is_coming(asked)
            todo = "its heads will appear here" if coming else "press Sweep"
            still = f"Below is still {_summary(result)}."
            banner(f"{why}: {todo}. {still}", fades_results=True)
        elif not result.complete and sweep.job is None:
            done, total = result.n_heads, result.shape[0] * result.shape[1]
            banner(f"Stopped: {done} of {total} heads are in. Press Sweep to do the rest.")


def _await_model(spec: SweepSpec) -> None:
    """Label the saved example until the live model is there, then draw anew."""
    if load_failed():
        note("Saved example: computed ahead with this very model, which could not be loaded here.")
        return
    note("Saved example: computed ahead with this very model, which is still being loaded.")
    wait_until(lambda: live_for(spec) is not None or load_failed())


def _summary(result: SealedSweep) -> str:
    spec = result.spec
    prompt = spec.prompt if len(spec.prompt) <= 60 else f"{spec.prompt[:57]}…"
    target = plain(answer_words(result.target_tokens, spec.target))
    return f"“{prompt}” → “{target}” on {spec.model} ({spec.in_words()})"

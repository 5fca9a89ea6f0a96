"""The runs that were found: a small picture and a few facts of each, and what can be done."""

import streamlit as st
from markupsafe import Markup

from components.figures.base.look import Look
from components.figures.thumbnail import thumbnail
from components.state import Session, session
from components.state.open_run import open_run
from components.widgets.history.filters import listed_kinds
from components.widgets.history.line import places_of_line
from components.widgets.history.line_buttons import opened
from components.widgets.history.prediction_row import prediction_row
from components.widgets.page.html import show_html
from components.widgets.page.messages import note
from components.words.markup import fill, joined_html, token_html
from components.words.timestamps import when
from core.store.keeper import KEEPER
from core.store.predictions import PredictionLine
from core.store.result_kinds import PREDICTIONS, damaged_results
from core.store.run import Origin, Query, Summary
from core.store.store import Store
from core.text.numbers import percent

AT_ONCE = 20
"""Runs on a page."""


def listing(store: Store, query: Query, state: Session, look: Look) -> None:
    """A page of runs and predictions, the newest first."""
    kinds = listed_kinds()
    total = store.count(query, *kinds)
    state.history.stay_within(total, AT_ONCE)
    page = store.mixed(kinds, query, state.history.first, AT_ONCE)
    if not page.lines and not page.damaged:
        _nothing(query, read_only=store.read_only)
        return
    with st.container(key="runs", gap="small"):
        for line in page.lines:
            if isinstance(line, PredictionLine):
                prediction_row(line, state, read_only=store.read_only)
            else:
                _row(line, state, look, read_only=store.read_only)
    if damaged := damaged_results(page.damaged):
        note(damaged)
    _pages(total, state)


def _row(run: Summary, state: Session, look: Look, *, read_only: bool) -> None:
    changes, found = state.seen_questions.reveal_line(run)
    largest = found.words
    with st.container(key=f"run_{run.id}"):
        picture, words, buttons = places_of_line(run.id, state)
        with picture:
            show_html(
                fill(
                    '<img class="hs-thumb" alt="{}" src="{}">',
                    _alt(run, largest),
                    thumbnail(changes, look),
                )
            )
        with words:
            show_html(_words(run, largest))
        with buttons, st.container(horizontal=True, horizontal_alignment="right", gap="small"):
            _buttons(run, read_only=read_only)


def _buttons(run: Summary, *, read_only: bool) -> None:
    if opened(run, read_only=read_only):
        found = KEEPER.store().get(run.id)
        if found is None:
            st.rerun()  # somebody else has deleted it for good
        open_run(session(), found)
        st.switch_page("pages/sweep.py")


def _words(run: Summary, largest: str) -> Markup:
    label = run.label
    asked = fill('{} → <span class="hs-code">{}</span>', run.prompt, token_html(run.target))
    lines = [fill('<div class="hs-run-title"><b>{}</b></div>', label.title or asked)]
    if label.title:
        lines.append(fill('<div class="hs-run-asked">{}</div>', asked))
    facts = [
        run.model,
        run.words,
        f"P(target) {percent(run.prob)}",
        f"largest {largest}",
        when(run.created),
    ]
    if run.origin is Origin.IMPORTED:
        facts.append("from a file")
    tags = joined_html(fill('<span class="hs-tag">{}</span>', tag) for tag in label.tags)
    lines.append(fill('<div class="hs-quiet">{}{}</div>', tags, " · ".join(facts)))
    if label.notes:
        lines.append(fill('<div class="hs-note">{}</div>', label.notes[:300]))
    return fill('<div class="hs-run">{}</div>', joined_html(lines))


def _alt(run: Summary, largest: str) -> str:
    n_layers, n_heads = run.shape
    return f"{n_layers} layers by {n_heads} heads; largest change {largest}"


def _nothing(query: Query, *, read_only: bool) -> None:
    if query == Query() and read_only:
        note("No run is kept here, and none will be: this Headsweep is read-only.")
    elif query.deleted:
        note("Nothing has been deleted in the last seven days.")
    elif query == Query():
        note(
            "No prediction is locked yet: the Hypothesis page is for that."
            if listed_kinds() == (PREDICTIONS,)
            else "No run is kept yet: every sweep that finishes will be found here."
        )
    else:
        note("No kept run matches: take away a word or a filter.")


def _pages(total: int, state: Session) -> None:
    if total <= AT_ONCE:
        return
    first = state.history.first
    with st.container(horizontal=True, vertical_alignment="center", key="history_pages"):
        st.button("Newer", key="newer", disabled=first == 0, on_click=_turn, args=(-AT_ONCE,))
        st.button("Older", key="older", disabled=first + AT_ONCE >= total, on_click=_turn,
                  args=(AT_ONCE,))  # fmt: skip
        note(f"{first + 1} to {min(first + AT_ONCE, total)} of {total:,}", width="content")


def _turn(step: int) -> None:
    session().history.turn(step)

"""A locked prediction in the list: what was said, when, and what came of it."""

import streamlit as st
from markupsafe import Markup

from components.state import Session, session
from components.state.open_prediction import open_prediction
from components.widgets.history.line import places_of_line
from components.widgets.history.line_buttons import opened
from components.widgets.page.html import show_html
from components.words.markup import fill, joined_html, token_html
from components.words.timestamps import moment_words
from core.store.keeper import KEEPER
from core.store.predictions import Came, PredictionLine
from core.store.result_kinds import PREDICTIONS
from core.store.run import Origin
from core.text.numbers import percent

_JUDGED = {True: "right", False: "wrong", None: "nothing to break"}


def prediction_row(line: PredictionLine, state: Session, *, read_only: bool) -> None:
    """Draw it. What came of it is an effect of its question, which has been looked at by that."""
    came = state.seen_questions.reveal_outcome(line)
    with st.container(key=f"prediction_{line.id}"):
        word, words, buttons = places_of_line(line.id, state, prediction=True)
        with word:
            show_html(fill('<span class="hs-tag">prediction</span>'))
        with words:
            show_html(_words(line, came))
        with buttons, st.container(horizontal=True, horizontal_alignment="right", gap="small"):
            if opened(line, read_only=read_only):
                _open(line.id)


def _open(prediction_id: str) -> None:
    kept = KEEPER.store().read(PREDICTIONS, prediction_id)
    if kept is None or kept.deleted is not None:
        st.rerun()  # somebody else has deleted it
    open_prediction(session(), kept)
    st.switch_page("pages/hypothesis.py")


def _words(line: PredictionLine, came: Came | None) -> Markup:
    label = line.label
    asked = fill('{} → <span class="hs-code">{}</span>', line.prompt, token_html(line.target))
    lines = [fill('<div class="hs-run-title"><b>{}</b></div>', label.title or asked)]
    if label.title:
        lines.append(fill('<div class="hs-run-asked">{}</div>', asked))
    does = "breaks it" if line.breaks else "leaves it standing"
    looking = f", {line.looking}" if line.looking else ""
    facts = [
        f"without {line.heads}: {does}, at {percent(line.prob)}",
        _came_words(came),
        line.model,
        line.words,
        f"locked {moment_words(line.locked_at)}{looking}",
    ]
    if line.origin is Origin.IMPORTED:
        facts.append("from a file")
    tags = joined_html(fill('<span class="hs-tag">{}</span>', tag) for tag in label.tags)
    lines.append(fill('<div class="hs-quiet">{}{}</div>', tags, " · ".join(facts)))
    if label.notes:
        lines.append(fill('<div class="hs-note">{}</div>', label.notes[:300]))
    return fill('<div class="hs-run">{}</div>', joined_html(lines))


def _came_words(came: Came | None) -> str:
    if came is None:
        return "not tested"
    went = f"{percent(came.clean)} → {percent(came.prob)}"
    return f"measured {went}, {_JUDGED[came.right]}"

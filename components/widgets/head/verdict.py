"""Three sentences on the head, each with a way to the figures it is made of."""

from collections.abc import Sequence

import streamlit as st

from components.state import put
from components.widgets.head.context import HeadContext
from components.widgets.page.html import show_html
from components.widgets.page.task_result import task_result
from components.words.markup import fill, terms_html
from core.checkpoints.registry import key_of
from core.circuits.tasks import MeasureDirectEffect, MeasureHeadScores
from core.circuits.verdict import DIRECT_EFFECT, KINDS, POSITIONS, SCORES, Sentence, verdict

_PLACES = {
    DIRECT_EFFECT: ("direct-effect", "Route"),
    KINDS: ("direct-effect", "Kinds"),
    SCORES: ("scores", "Role"),
    POSITIONS: ("positions", "Where"),
}
"""Where a sentence's figures stand: (view, what its button says). The sweep's are above it."""


def verdict_panel(context: HeadContext) -> None:
    """Draw the verdict, as far as its parts are there: they are measured after the view's."""
    with st.container(key="verdict"):
        for number, sentence in enumerate(_sentences(context)):
            _draw(number, sentence)


def _sentences(context: HeadContext) -> Sequence[Sentence]:
    trace = MeasureDirectEffect(context.spec, context.head)
    measuring = MeasureHeadScores(key_of(context.spec))
    context.state.tasks.ask("trace", trace)  # before the roles, which take longer
    context.state.tasks.ask("roles", measuring)
    found = task_result(context.state, "trace", trace)
    roles = task_result(context.state, "roles", measuring, 0.0)  # they take longer
    direct_effect, by_kind = (None, {}) if found is None else found
    all_three = verdict(
        context.result,
        context.effect,
        None if isinstance(direct_effect, str) else direct_effect,
        by_kind,
        roles,
        context.share_of_first,
        context.chosen_metric,
    )
    return all_three[:1] if found is None else all_three  # the others are about what is measured


def _draw(number: int, sentence: Sentence) -> None:
    said, ways = st.columns([6, 1], vertical_alignment="top")
    with said:
        show_html(fill('<p class="hs-said">{}</p>', terms_html(sentence.words)))
    with ways, st.container(horizontal=True, gap="xsmall", key=f"said_{number}"):
        for place in sentence.shown_in:
            if place in _PLACES:
                view, name = _PLACES[place]
                st.button(
                    name,
                    key=f"trace_{number}_{place}",
                    on_click=put,
                    args=("head_view", view),
                    type="tertiary",
                    help="Show where these figures stand",
                )

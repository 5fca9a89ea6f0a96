"""Three sentences on the head, each with a way to the figures it is made of."""

import streamlit as st

from components.state import put
from components.widgets.head.context import HeadContext
from components.widgets.page.html import show_html
from components.widgets.page.task_result import task_result
from components.words.markup import fill, terms_html
from core.checkpoints.registry import key_of
from core.circuits.tasks import MeasureDirectEffect, MeasureHeadScores
from core.circuits.verdict import DIRECT_EFFECT, KINDS, POSITIONS, SCORES, verdict

_PLACES = {
    DIRECT_EFFECT: ("direct-effect", "Route"),
    KINDS: ("direct-effect", "Kinds"),
    SCORES: ("scores", "Role"),
    POSITIONS: ("positions", "Where"),
}
"""Where a sentence's figures stand: (view, what its button says). The sweep's are above it."""


def verdict_panel(context: HeadContext) -> None:
    """Draw the verdict; what it needs is measured first, and shown as it comes in."""
    tasks = context.state.tasks
    trace, measuring = (
        MeasureDirectEffect(context.spec, context.head),
        MeasureHeadScores(key_of(context.spec)),
    )
    tasks.ask("trace", trace)  # before the roles, which take longer
    tasks.ask("roles", measuring)
    with st.container(key="verdict"):
        found = task_result(context.state, "trace", trace)
        roles = task_result(context.state, "roles", measuring)
        if found is None:
            return
        direct_effect, by_kind = found
        traced = None if isinstance(direct_effect, str) else direct_effect
        sentences = verdict(
            context.result,
            context.effect,
            traced,
            by_kind,
            roles,
            context.share_of_first,
            context.chosen_metric,
        )
        for number, sentence in enumerate(sentences):
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

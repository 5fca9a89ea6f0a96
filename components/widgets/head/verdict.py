"""Three sentences on the head, each with a way to the figures it is made of."""

import streamlit as st

from components.state import put
from components.widgets.head.context import Seen
from components.widgets.page.task_result import awaited
from components.words.escaping import as_html
from core.checkpoints.registry import key_of
from core.circuits.tasks import MeasureRoles, Trace
from core.circuits.verdict import KINDS, ROLES, ROUTE, WHERE, verdict

_PLACES = {
    ROUTE: ("route", "Route"),
    KINDS: ("route", "Kinds"),
    ROLES: ("roles", "Scores"),
    WHERE: ("where", "Where"),
}
"""Where a sentence's figures stand: (view, what its button says). The sweep's are above it."""


def verdict_panel(seen: Seen) -> None:
    """Draw the verdict; what it needs is measured first, and shown as it comes in."""
    asking = seen.state.asking
    trace, measuring = Trace(seen.spec, seen.head), MeasureRoles(key_of(seen.spec))
    asking.ask("trace", trace)  # before the roles, which take longer
    asking.ask("roles", measuring)
    with st.container(key="verdict"):
        found = awaited(seen.state, "trace", trace)
        roles = awaited(seen.state, "roles", measuring)
        if found is None:
            return
        routes, by_kind = found
        traced = None if isinstance(routes, str) else routes
        sentences = verdict(seen.result, seen.effect, traced, by_kind, roles, seen.share_of_first)
        for number, sentence in enumerate(sentences):
            said, ways = st.columns([6, 1], vertical_alignment="top")
            said.html(f'<p class="hs-said">{as_html(sentence.text)}</p>')
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

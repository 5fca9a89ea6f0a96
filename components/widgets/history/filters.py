"""Which of the kept runs are listed."""

from typing import Any

import streamlit as st

from components.state import Session, value
from core.store.result_kinds import PREDICTIONS, SWEEPS, ResultKind
from core.store.run import Query

_ANY = None
WHAT: dict[str, tuple[ResultKind[Any, Any], ...]] = {
    "runs": (SWEEPS,),
    "predictions": (PREDICTIONS,),
}
"""What a list can be narrowed to by its kind."""
LISTED = (SWEEPS, PREDICTIONS)


def listed_kinds() -> tuple[ResultKind[Any, Any], ...]:
    """The kinds that are to be listed."""
    return WHAT.get(value("history_what") or "", LISTED)


def filters(
    state: Session, choices: tuple[list[str], list[str], list[str]], *, read_only: bool
) -> Query:
    """A search box and what the runs can be narrowed to; returns the query."""
    models, kinds, tags = choices
    with st.container(key="history_filters", horizontal=True, vertical_alignment="bottom"):
        st.text_input(
            "Search",
            key="history_text",
            placeholder="words of the prompt, target, title, note or tag",
            live="300ms",
            persist_state="session",
            width="stretch",
            on_change=first_page,
        )
        for key, label, options in (
            ("history_what", "What", list(WHAT)),
            ("history_model", "Model", models),
            ("history_kind", "Ablation", kinds),
            ("history_tag", "Tag", tags),
        ):
            if value(key) not in options:  # its last run is gone
                st.session_state[key] = _ANY
            st.selectbox(
                label,
                options,
                key=key,
                index=None,
                placeholder="any",
                persist_state="session",
                width=140 if key == "history_what" else 170,
                disabled=not options,
                on_change=first_page,
            )
    with st.container(horizontal=True):
        st.toggle(
            "Only this tab’s",
            key="history_mine",
            persist_state="session",
            on_change=first_page,
            help="Runs are kept for everybody who uses this Headsweep.",
        )
        if not read_only:
            st.toggle("Deleted ones", key="history_deleted", persist_state="session",
                      on_change=first_page)  # fmt: skip
    own = frozenset(state.sweep.own_runs | state.hypothesis.own)
    return Query(
        text=value("history_text") or "",
        model=value("history_model"),
        ablation=value("history_kind"),
        tag=value("history_tag"),
        deleted=not read_only and bool(value("history_deleted")),
        only=own if value("history_mine") else None,
    )


def first_page() -> None:
    """A changed query is read from its newest run on."""
    from components.state import session

    session().history.first = 0

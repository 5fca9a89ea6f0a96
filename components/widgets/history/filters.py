"""Which of the kept runs are listed."""

import streamlit as st

from components.state import Session, value
from core.store.run import Query

_ANY = None


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
                width=170,
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
    return Query(
        text=value("history_text") or "",
        model=value("history_model"),
        ablation=value("history_kind"),
        tag=value("history_tag"),
        deleted=not read_only and bool(value("history_deleted")),
        only=frozenset(state.sweep.own_runs) if value("history_mine") else None,
    )


def first_page() -> None:
    """A changed query is read from its newest run on."""
    from components.state import session

    session().history.first = 0

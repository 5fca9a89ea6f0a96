"""What is done with the runs chosen from the list; deleting can be undone."""

from collections.abc import Callable

import streamlit as st

from components.state import Session, session
from components.widgets.page.messages import banner, error_message
from core.errors import StoreError
from core.store.keeper import KEEPER


def actions(state: Session, *, read_only: bool) -> None:
    """Compare two, delete any; nothing chosen, nothing here but an undo."""
    _undo(state)
    chosen = state.picked_runs
    with st.container(key="history_actions", horizontal=True, vertical_alignment="center"):
        compare = st.button(
            "Compare",
            key="compare_runs",
            type="primary",
            disabled=len(chosen) != 2,
            help="Choose two runs of models with the same shape.",
        )
        if not read_only:
            count = len(chosen)
            st.button(
                f"Delete {count}" if count else "Delete",
                key="delete_runs",
                disabled=not chosen,
                on_click=_delete,
            )
        if chosen:
            st.button("Choose none", key="choose_none", type="tertiary", on_click=_none)
    if state.store_error:
        error_message(state.store_error)
    if compare:
        state.compare_a, state.compare_b = ("run", chosen[0]), ("run", chosen[1])
        st.switch_page("pages/compare.py")


def _undo(state: Session) -> None:
    if not state.deleted_runs:
        return
    count = len(state.deleted_runs)
    with st.container(horizontal=True, vertical_alignment="center", key="undo_row"):
        banner(f"{count} run{'s' if count > 1 else ''} deleted; kept for seven days.")
        st.button("Undo", key="undo_delete", on_click=_restore)


def _delete() -> None:
    state = session()
    chosen = tuple(state.picked_runs)
    if tried(state, lambda: KEEPER.store().delete(chosen)):
        state.deleted_runs = chosen
        _none()


def _restore() -> None:
    state = session()
    deleted = state.deleted_runs
    if tried(state, lambda: KEEPER.store().restore(deleted)):
        state.deleted_runs = ()


def _none() -> None:
    state = session()
    state.picked_runs.clear()
    state.clicks += 1


def tried(state: Session, change: Callable[[], None]) -> bool:
    """Whether a change could be made; if not, why is said beside the buttons."""
    try:
        change()
    except StoreError as error:
        state.store_error = str(error)
        return False
    state.store_error = ""
    return True

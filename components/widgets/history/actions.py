"""What is done with the runs chosen from the list; deleting can be undone."""

from collections.abc import Callable

import streamlit as st

from components.state import Session, session
from components.state.compare_page import NAMES
from components.widgets.page.messages import banner, error_message
from core.errors import StoreError
from core.store.keeper import KEEPER


def actions(state: Session, *, read_only: bool) -> None:
    """Compare two, delete any; nothing chosen, nothing here but an undo."""
    _undo(state)
    chosen = state.history.picked_runs
    with st.container(key="history_actions", horizontal=True, vertical_alignment="center"):
        compare = st.button(
            "Compare",
            key="compare_runs",
            type="primary",
            disabled=len(chosen) != 2 or bool(state.history.picked_predictions),
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
    if state.history.trouble:
        error_message(state.history.trouble)
    if compare:
        for name, run_id in zip(NAMES, chosen, strict=True):
            state.compare.choose(name, ("run", run_id))
        st.switch_page("pages/compare.py")


def _undo(state: Session) -> None:
    deleted = state.history.deleted_runs
    if not deleted:
        return
    said = _counted(len(deleted), len(state.history.deleted_predictions.intersection(deleted)))
    with st.container(horizontal=True, vertical_alignment="center", key="undo_row"):
        banner(f"{said} deleted; kept for seven days.")
        st.button("Undo", key="undo_delete", on_click=_restore)


def _counted(count: int, predictions: int) -> str:
    """How many runs and predictions: "2 runs and 1 prediction"."""
    parts = ((count - predictions, "run"), (predictions, "prediction"))
    said = (f"{number} {name}{'s' if number > 1 else ''}" for number, name in parts if number)
    return " and ".join(said)


def _delete() -> None:
    state = session()
    chosen, predictions = tuple(state.history.picked_runs), state.history.picked_predictions
    if tried(state, lambda: KEEPER.store().delete(chosen)):
        state.history.deleted_runs = chosen
        state.history.deleted_predictions = frozenset(predictions)
        _none()


def _restore() -> None:
    state = session()
    deleted = state.history.deleted_runs
    if tried(state, lambda: KEEPER.store().restore(deleted)):
        state.history.deleted_runs = ()


def _none() -> None:
    state = session()
    state.history.pick_none()
    state.selection.renew_keys()


def tried(state: Session, change: Callable[[], None]) -> bool:
    """Whether a change could be made; if not, why is said beside the buttons."""
    try:
        change()
    except StoreError as error:
        state.history.trouble = str(error)
        return False
    state.history.trouble = ""
    return True

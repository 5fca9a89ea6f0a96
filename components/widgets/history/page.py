"""The whole list, or why there is none."""

from collections.abc import Mapping, Sequence

import streamlit as st

from components.figures.base.look import Look
from components.state import Session, put, value
from components.widgets.history.actions import actions
from components.widgets.history.filters import filters
from components.widgets.history.listing import listing
from components.widgets.page.address_bar import AddressParams, follow_address, write_address
from components.widgets.page.messages import error_message, note
from components.widgets.runs.import_file import import_box
from core.errors import StoreError
from core.exports import links
from core.store.keeper import KEEPER
from core.store.result_kinds import unknown_results

_FIELDS = {
    "q": "history_text",
    "what": "history_what",
    "model": "history_model",
    "ablation": "history_kind",
    "tag": "history_tag",
}
_MOST = 200


def history(state: Session, look: Look) -> None:
    """Filters, what can be done with the chosen runs, the runs, and a box to open a file."""
    follow_address(state, "history", _here, _take)
    if (page := state.imports.arrive()) is not None:
        st.switch_page(page)
    with st.container(key="history"):
        try:
            store = KEEPER.store()
            query = filters(state, store.filter_choices(), read_only=store.read_only)
            if store.read_only:
                note(
                    "This Headsweep is read-only: the kept runs can be opened and compared. What "
                    "you sweep, or open from a file, is shown and not kept; export it."
                )
            actions(state, read_only=store.read_only)
            listing(store, query, state, look)
            if unknown := unknown_results(store.n_unknown()):
                note(unknown)
        except StoreError as error:
            error_message(f"The kept runs cannot be listed. {error}")
            st.button("Try again", key="retry_store")
        import_box(state)
    write_address(state, _here())


def _here() -> AddressParams:
    return {name: [value(key)] for name, key in _FIELDS.items() if value(key)}


def _take(params: Mapping[str, Sequence[str]]) -> str:
    for name, key in _FIELDS.items():
        text = (links.first(params, name) or "")[:_MOST]
        put(key, text or (None if name != "q" else ""))
    return ""

"""Opening an exported run: choose its file, or drop it anywhere on the page."""

from typing import Any

import streamlit as st

from components.state import Session, session, value
from components.state.open_run import open_run
from components.state.uploads import content_of
from components.widgets.page.messages import error_message
from core.errors import InputError, StoreError
from core.exports.data import MAX_BYTES, read_json
from core.store.from_file import keep_from_file
from core.store.keeper import KEEPER
from core.store.rows import id_of
from core.store.run import Origin, Run
from core.store.store import now
from core.store.sweeps import identity_of

LABEL = "Open a run from its JSON file"


def import_box(state: Session) -> None:
    """The file box, and why a file could not be opened."""
    with st.container(key="import_box"):
        st.file_uploader(
            LABEL,
            type="json",
            key=f"import_file_{state.imports.count}",
            max_upload_size=MAX_BYTES // 1_000_000,
            on_change=_given,
            help="One that Headsweep has exported, here or elsewhere; drop it anywhere on the "
            "page. A model that it names is not loaded by opening it.",
        )
        if state.imports.trouble:
            error_message(state.imports.trouble)


def _given() -> None:
    state = session()
    box = state.imports
    file: Any = value(f"import_file_{box.count}")
    if file is None:
        return
    box.trouble = ""
    try:
        raw = content_of(file)  # before its name: one that is gone has none
        open_run(state, imported(file.name, raw))
        box.opened = state.address.page != "sweep"  # that page is to be gone to
        box.count += 1  # the box is empty again for the next file
    except InputError as error:
        box.trouble = str(error)
        # It may have been dropped anywhere: the box is at the page's foot.
        st.toast("The file could not be opened: the box that it went to says why.")


def imported(name: str, raw: bytes) -> Run:
    """The run in a file, kept where that is possible; raises `InputError` (field "file")."""
    read = read_json(name, raw)
    result, layer_effects, label = read.result, read.layer_effects, read.label
    run = Run(id_of(identity_of(result, Origin.IMPORTED)), Origin.IMPORTED, now(), label, result,
              layer_effects)  # fmt: skip
    try:
        store = KEEPER.store()
        if not store.read_only:
            keep_from_file(store, result, layer_effects, label)
        return store.get(run.id) or run
    except StoreError:
        return run  # shown all the same; the page says that nothing can be kept

"""Opening an exported run or prediction: choose its file, or drop it anywhere on the page."""

from typing import Any

import streamlit as st

from components.state import Session, Test, session, value
from components.state.hypothesis_page import READ_ONLY
from components.state.open_prediction import show_prediction
from components.state.open_run import open_run
from components.state.uploads import content_of
from components.widgets.page.messages import error_message
from core.errors import InputError, StoreError
from core.exports.data import MAX_BYTES, ReadRun
from core.exports.prediction_file import ReadPrediction, read_file
from core.store.from_file import keep_from_file
from core.store.keeper import KEEPER
from core.store.result_kinds import PREDICTIONS
from core.store.rows import id_of
from core.store.run import Origin, Run
from core.store.store import now
from core.store.sweeps import identity_of

LABEL = "Open a run or a prediction from its JSON file"


def import_box(state: Session) -> None:
    """The file box, and why a file could not be opened."""
    if (page := state.imports.arrive()) is not None:
        st.switch_page(page)
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
        box.page = _opened(state, file.name, raw)
        box.count += 1  # the box is empty again for the next file
    except InputError as error:
        box.trouble = str(error)
        # It may have been dropped anywhere: the box is at the page's foot.
        st.toast("The file could not be opened: the box that it went to says why.")


def _opened(state: Session, name: str, raw: bytes) -> str | None:
    """Put on screen what a file holds; the page that it is on, unless this is that page."""
    read = read_file(name, raw)
    if isinstance(read, ReadPrediction):
        show_prediction(state, imported_prediction(read))
        return "pages/hypothesis.py"
    open_run(state, imported(read))
    return None if state.address.page == "sweep" else "pages/sweep.py"


def imported_prediction(read: ReadPrediction) -> Test:
    """The prediction in a file, kept where that is possible."""
    try:
        store = KEEPER.store()
        if store.read_only:
            return Test(read.locked, imported=True, not_kept=READ_ONLY)
        kept = store.put(PREDICTIONS, read.locked, read.label, Origin.IMPORTED)
        return Test(read.locked, kept, imported=True)
    except StoreError as error:
        return Test(read.locked, imported=True, not_kept=str(error))


def imported(read: ReadRun) -> Run:
    """The run in a file, kept where that is possible."""
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

"""The run on screen as a thing that lasts: where it is kept, its name, files and comparison."""

import streamlit as st
from markupsafe import Markup

from components.state import Effects, Session
from components.widgets.page.dialog import dialog
from components.widgets.page.html import show_html
from components.widgets.page.messages import banner
from components.widgets.runs.exporting import export_menu
from components.widgets.runs.label_form import label_form
from components.widgets.runs.predict_first import predict_first
from components.words.markup import fill
from components.words.timestamps import when
from core.errors import StoreError
from core.exports import links
from core.results.metrics import Metric
from core.store.keeper import AGAIN_SECONDS, KEEPER
from core.store.run import Label, Summary

_UNKEPT = "Not among the kept runs: press Sweep to have it there."
_TOO_LONG = " It is too long for a link: export it as JSON to give it to others."


def run_bar(effects: Effects, metric: Metric, state: Session) -> None:
    """What has become of the run on screen, and what can be done with it once it is finished."""
    not_kept()
    sweep, run_id = state.sweep, state.sweep.run_id
    if run_id is None:
        return
    run, trouble = _kept(run_id)
    label = run.label if run is not None else Label()
    with st.container(
        key="run_bar",
        horizontal=True,
        vertical_alignment="center",
        horizontal_alignment="distribute",
    ):
        said = fill('<div class="hs-quiet">{}</div>', _said(run, run_id, state, trouble))
        show_html(said, width="content")
        with st.container(horizontal=True, width="content", gap="small"):
            predict_first(state)
            export_menu(effects, label, run_id, metric)
            if st.button(
                "Compare with…",
                key="compare_this",
                icon=":material/compare:",
                disabled=sweep.run.imported and run is None,  # there is nothing to name it by
            ):
                kept = run is not None or sweep.requested is None
                state.compare.choose("a", ("run", run_id) if kept else sweep.requested)
                state.compare.choose("b", None)
                st.switch_page("pages/compare.py")
            if (
                run is not None
                and not _read_only()
                and st.button(
                    "Name it" if not label.title else "Edit", key="name_run", icon=":material/edit:"
                )
            ):
                _name(run)


def not_kept() -> None:
    """Say so while finished runs cannot be written, go on trying, and offer to try at once."""
    KEEPER.retry()
    if _cannot_be_kept():
        _trying_again()


def _cannot_be_kept() -> bool:
    """Without trouble, one that waits is being written at this moment."""
    return bool(KEEPER.n_waiting and KEEPER.trouble)


@st.fragment(run_every=AGAIN_SECONDS)
def _trying_again() -> None:
    KEEPER.retry()
    if not _cannot_be_kept():
        st.rerun()  # they are kept by now: draw the page without this
        return
    count = KEEPER.n_waiting
    runs = "1 finished run is" if count == 1 else f"{count} finished runs are"
    with st.container(key="not_kept", horizontal=True, vertical_alignment="center"):
        banner(f"{runs} not kept yet. {KEEPER.trouble} {_meanwhile()}")
        st.button("Try now", key="keep_now", on_click=lambda: KEEPER.retry(now=True))


def _meanwhile() -> str:
    if KEEPER.n_lost:
        return (
            f"{KEEPER.n_lost} older ones had to make room and are lost: export what you need now."
        )
    return (
        "Nothing is lost while this Headsweep runs: it tries again by itself, and the result can "
        "be exported."
    )


def _kept(run_id: str) -> tuple[Summary | None, str]:
    """The run if it is in the store, or why that cannot be told."""
    try:
        found = KEEPER.ask(lambda store: store.summary(run_id))
    except StoreError as error:
        return None, str(error)
    return (None if found is None or found.deleted else found), ""


def _read_only() -> bool:
    return KEEPER.store().read_only


def _said(run: Summary | None, run_id: str, state: Session, trouble: str) -> str | Markup:
    spec = state.sweep.requested
    if trouble:
        # What `not_kept` says above is not said again.
        said_above = _cannot_be_kept() and trouble == KEEPER.trouble
        return "Not kept yet." if said_above else f"Not kept: {trouble}"
    if run is None:
        if state.sweep.saved_example:
            return "The example that comes with Headsweep."
        if (refused := KEEPER.refusal(run_id)) and not state.sweep.run.imported:
            return f"Not kept: {refused}"
        if not _read_only():
            return _UNKEPT
        too_long = spec is not None and not links.fits(links.to_params(spec))
        return f"Not kept: this Headsweep is read-only.{_TOO_LONG if too_long else ''}"
    said = (
        f"from a file, opened {when(run.created)} · run {run.id}"
        if state.sweep.run.imported
        else f"computed {when(run.created)} · kept as run {run.id}"
    )
    return fill("<b>{}</b> · {}", run.label.title, said) if run.label.title else said


@dialog("About this run")
def _name(run: Summary) -> None:
    label_form(run.id, run.label, run.name)

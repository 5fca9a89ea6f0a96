"""Which model: the list, what it would cost to have it, and the ways on where it did not load."""

import streamlit as st

from components.state import Session, put
from components.widgets.composer.draft import Draft, on_this_machine
from components.widgets.page.messages import note
from components.words.escaping import as_markdown
from core.checkpoints import catalogue
from core.checkpoints.permitted import is_list_given, is_permitted, permitted_names
from core.results.captions import SLOWER_PATH


def model_box() -> None:
    """The models known by name; any other can be typed."""
    st.selectbox(
        "Model",
        permitted_names(),
        key="model",
        format_func=_label,
        accept_new_options=True,
        persist_state="session",
        placeholder="a name, hub name or folder",
        help="One of the list."
        if is_list_given()
        else "One of the list, or type any Hugging Face name or the path of a local folder.",
    )


def model_trouble(draft: Draft, state: Session) -> None:
    """Why the model did not load; then once more, or back to the one in use."""
    draft.show_error("model")
    if "model" not in draft.errors:
        if draft.model is not None and draft.model.slower_because:
            note(f"{SLOWER_PATH.capitalize()}: {draft.model.slower_because}.")
        return
    with st.container(horizontal=True):
        if draft.name:
            untrusted = state.models.is_untrusted(draft.name)
            if untrusted or is_permitted(draft.name):
                st.button(
                    "Load it" if untrusted else "Try again",
                    key="retry_model",
                    on_click=state.models.load,
                    args=(draft.name,),
                )
        last = state.models.last
        if last != draft.name:
            st.button(
                f"Back to {as_markdown(last)}",
                key="previous_model",
                on_click=put,
                args=("model", last),
            )


def load_button(draft: Draft, state: Session) -> None:
    """Have the model, before anything is swept on it."""
    st.button(
        _load_label(draft.name),
        key="load",
        on_click=state.models.load,
        args=(draft.name,),
        help="The tokens and the model's own predictions appear once it is loaded.",
    )


def run_label(draft: Draft) -> str:
    """What pressing Run does, with what it downloads."""
    if draft.model is not None:
        return f"Sweep {draft.model.n_all_heads} heads"
    if megabytes := _to_download(draft.name):
        return f"Download {megabytes:,} MB and sweep"
    known = catalogue.entry(draft.name)
    return "Sweep" if known is None else f"Sweep {known.n_all_heads} heads"


def _label(name: str) -> str:
    known = catalogue.entry(name)
    if known is None:
        return name
    return f"{known.name} · {known.n_layers} × {known.n_heads}"


def _load_label(name: str) -> str:
    if megabytes := _to_download(name):
        return f"Download and load {as_markdown(name)} ({megabytes:,} MB)"
    return f"Load {as_markdown(name)}"


def _to_download(name: str) -> int:
    """Megabytes that choosing a model of the catalogue would download; 0 if none or unknown."""
    known = catalogue.entry(name)
    return 0 if known is None or on_this_machine(name) else known.download_mb

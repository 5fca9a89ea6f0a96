"""For mean ablations: the set of texts to average over, named, made, pasted or from a file."""

import streamlit as st

from components.state import put, value
from components.state.uploads import Upload, upload_of
from components.widgets.composer.draft import Draft, choice_key
from components.widgets.composer.reference_length import (
    maker,
    misfit_lines,
    needed_length,
    shorter_note,
)
from components.widgets.page.html import show_html
from components.widgets.page.messages import note
from components.words.markup import fill, joined_html
from core.spec import reference_set as reference
from core.spec.ablation import AblationKind

_CHOICES = {"default": "default set", "pasted": "pasted", "file": "from a file"}
_OWN_CHOICES = {"pasted": "made or pasted", "file": "from a file"}
_SHOWN = 200
"""Sentences drawn of a set; all of them are averaged over."""


def reference_choice(draft: Draft, kind: AblationKind) -> None:
    """The choice, and what belongs to it; for a kind that asks for it, the length of each text."""
    choices = _CHOICES if kind.traits.has_default else _OWN_CHOICES
    key = choice_key(kind)
    with st.container(key="reference"):
        st.segmented_control(
            "Average over",
            list(choices),
            key=key,
            format_func=choices.__getitem__,
            required=True,
            persist_state="session",
        )
        length = None
        if kind.traits.same_length:
            length = needed_length(draft)
            maker(draft)
        match value(key):
            case "pasted":
                _pasted(draft, length)
            case "file":
                _file(draft)
            case _:
                _named(reference.NAME, reference.DEFAULT)
        if not kind.traits.same_length:
            shorter_note(draft)


def _pasted(draft: Draft, length: int | None) -> None:
    st.text_area(
        "Reference prompts, one a line",
        key="reference_text",
        height=120,
        persist_state="session",
        placeholder="One prompt a line; blank lines are left out.",
    )
    typed = value("reference_text") or ""
    if not typed.strip():
        note("Paste some prompts, one a line, like those that the model's averages should be over.")
        return
    draft.show_error("reference")
    if length is not None and "reference" in draft.errors:
        misfit_lines(draft, typed, length)
    if draft.spec is not None:
        _named(reference.name_of(draft.spec.reference), draft.spec.reference or ())


def _file(draft: Draft) -> None:
    st.file_uploader(
        "A text file in UTF-8, one prompt a line",
        key="reference_file",
        max_upload_size=reference.MAX_BYTES // 1_000_000,
        on_change=_uploaded,
    )
    upload: Upload | None = value("reference_upload")
    if upload is None:
        note(draft.errors.get("reference", ""))
        return
    draft.show_error("reference")
    if upload.error is None:
        _named(f"{reference.name_of(upload.prompts)} from “{upload.name}”", upload.prompts)
    if value("reference_file") is None:  # the uploader forgets when it is out of the page
        st.button(
            "Forget this file", key="forget_file", on_click=put, args=("reference_upload", None)
        )


def _uploaded() -> None:
    file = value("reference_file")
    put("reference_upload", None if file is None else upload_of(file))


def _named(name: str, prompts: tuple[str, ...]) -> None:
    """What the set is called, and a look into it."""
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        note(name, width="content")
        with st.popover("Look at them", key="reference_look", type="tertiary"):
            items = joined_html(fill("<li>{}</li>", text) for text in prompts[:_SHOWN])
            show_html(fill('<ol class="hs-sentences">{}</ol>', items))
            more = len(prompts) - _SHOWN
            if more > 0:
                show_html(fill('<p class="hs-quiet">… and {:,} more</p>', more))

"""A run's title, tags and note as a form, for every place where they can be changed."""

import streamlit as st

from components.widgets.page.messages import error_message, note
from core.errors import InputError, StoreError
from core.store.keeper import KEEPER
from core.store.run import MAX_TITLE, Label, checked_label, parse_tags


def label_form(run_id: str, label: Label, name: str) -> None:
    """Title, tags and note as a form; saved together."""
    with st.form("label", border=False):
        title = st.text_input("Title", label.title, key="label_title", max_chars=MAX_TITLE,
                              placeholder=name[:80])  # fmt: skip
        tags = st.text_input(
            "Tags", ", ".join(label.tags), key="label_tags", placeholder="induction, talk"
        )
        notes = st.text_area("Note", label.notes, key="label_notes", height=120)
        note("Commas go between tags. Title, tags and note are found by the search.")
        saved = st.form_submit_button("Save", key="label_save", type="primary")
    if not saved:
        return
    try:
        KEEPER.store().relabel(run_id, checked_label(title, notes, parse_tags(tags)))
    except (InputError, StoreError) as error:
        error_message(str(error))
        return
    st.rerun()

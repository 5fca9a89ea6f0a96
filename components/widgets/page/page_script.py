"""The page's own scripts, static: nothing typed gets in here."""

import json
from functools import cache

import streamlit as st

from components.assets import asset
from core.text.glossary import TERMS

_SCRIPTS = (
    "typing", "arrows", "reading", "saving", "dropping", "address", "fitting", "opened", "terms",
    "tour", "saying", "keys", "focus", "connection", "reloading", "menu", "theme", "printing",
)  # fmt: skip


def page_script() -> None:
    """Put the scripts into the page; they run once a tab."""
    st.html(page_scripts(), unsafe_allow_javascript=True)


@cache
def page_scripts() -> str:
    """The scripts as they stand in the page, which the server names to browsers by their digest."""
    scripts = "\n".join(asset(f"js/{name}.js") for name in _SCRIPTS)
    return (
        f"<script>if (!window.headsweep) {{ window.headsweep = {{ terms: {_terms()} }};\n"
        f"{scripts} }}</script>"
    )


def _terms() -> str:
    """The glossary as the script reads it: what each term is called, and what it means."""
    said = {term.slug: [term.name, term.says] for term in TERMS}
    return json.dumps(said, ensure_ascii=False).replace("<", "\\u003c")

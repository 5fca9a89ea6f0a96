"""The page's own scripts, static: nothing typed gets in here."""

from functools import cache

import streamlit as st

from components.assets import asset

_SCRIPTS = (
    "typing", "arrows", "reading", "saving", "dropping", "address", "fitting", "saying", "keys",
    "focus", "connection", "reloading", "menu", "theme", "printing",
)  # fmt: skip


def page_script() -> None:
    """Put the scripts into the page; they run once a tab."""
    st.html(page_scripts(), unsafe_allow_javascript=True)


@cache
def page_scripts() -> str:
    """The scripts as they stand in the page, which the server names to browsers by their digest."""
    scripts = "\n".join(asset(f"js/{name}.js") for name in _SCRIPTS)
    return f"<script>if (!window.headsweep) {{ window.headsweep = true;\n{scripts} }}</script>"

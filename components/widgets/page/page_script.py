"""The page's own scripts, static: nothing typed gets in here."""

from functools import cache

import streamlit as st

from components.assets import asset

_SCRIPTS = ("typing", "arrows", "reading", "saving", "dropping", "address", "fitting")


def page_script() -> None:
    """Put the scripts into the page; they run once a tab."""
    st.html(_once(), unsafe_allow_javascript=True)


@cache
def _once() -> str:
    scripts = "\n".join(asset(f"js/{name}.js") for name in _SCRIPTS)
    return f"<script>if (!window.headsweep) {{ window.headsweep = true;\n{scripts} }}</script>"

"""Headsweep's dashboard: page config and navigation, nothing else."""

import streamlit as st

from components.widgets.page.title import page_title

st.set_page_config(page_title="Headsweep", page_icon="🔎", layout="wide")
page = st.navigation(
    [
        st.Page("pages/sweep.py", title="Sweep", icon=":material/grid_on:", default=True),
        st.Page("pages/hypothesis.py", title="Hypothesis", icon=":material/lock:"),
        st.Page("pages/patching.py", title="Patching", icon=":material/swap_horiz:"),
        st.Page("pages/history.py", title="History", icon=":material/history:"),
        st.Page("pages/compare.py", title="Compare", icon=":material/compare:"),
        st.Page("pages/glossary.py", title="Glossary", icon=":material/menu_book:"),
    ],
    position="top",
)
page_title(page.title)
page.run()

"""Headsweep's dashboard: page config and navigation, nothing else."""

import streamlit as st

st.set_page_config(page_title="Headsweep", page_icon="🔎", layout="wide")
st.navigation(
    [st.Page("pages/sweep.py", title="Sweep", icon=":material/grid_on:", default=True)],
    position="top",
).run()

"""The findings of a sweep in plain English."""

import streamlit as st

from components.widgets.page.messages import note
from components.words.escaping import as_html
from components.words.page_html import words_html
from core.results.finding_words import CAVEATS, finding_words
from core.results.findings import Findings
from core.results.result import SweepResult


def findings_panel(result: SweepResult, found: Findings) -> None:
    """What lowered the answer, what raised it, where those heads sit, and what to be wary of."""
    if not result.heads:
        with st.container(key="findings"):
            note("No head has been measured yet: the heatmap shows estimates.")
        return
    body = "".join(f"<p>{words_html(said)}</p>" for said in finding_words(result, found))
    caveats = "".join(f"<li>{as_html(caveat)}</li>" for caveat in found.caveats)
    with st.container(key="findings"):
        st.html(f'<div class="hs-findings">{body}<h4>{CAVEATS}</h4><ul>{caveats}</ul></div>')

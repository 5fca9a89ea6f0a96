"""The findings of a sweep in plain English."""

import streamlit as st

from components.widgets.page.html import show_html
from components.widgets.page.messages import note
from components.words.markup import fill, joined_html, terms_html
from components.words.terms import with_terms
from core.results.finding_words import CAVEATS, finding_words
from core.results.findings import Findings
from core.results.result import SweepResult


def findings_panel(result: SweepResult, found: Findings) -> None:
    """What lowered the answer, what raised it, where those heads sit, and what to be wary of."""
    if not result.heads:
        with st.container(key="findings"):
            note("No head has been measured yet: the heatmap shows estimates.")
        return
    said = map(terms_html, finding_words(result, found))
    with st.container(key="findings"):
        show_html(
            fill(
                '<div class="hs-findings">{}<h4>{}</h4><ul>{}</ul></div>',
                joined_html(fill("<p>{}</p>", each) for each in said),
                CAVEATS,
                joined_html(fill("<li>{}</li>", with_terms(caveat)) for caveat in found.caveats),
            )
        )

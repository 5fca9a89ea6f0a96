"""The findings of a sweep in plain English."""

import streamlit as st

from components.widgets.page.html import show_html
from components.widgets.page.messages import note
from components.words.markup import fill, joined_html, words_html
from core.results.finding_words import CAVEATS, finding_words
from core.results.findings import Findings
from core.results.result import SweepResult
from core.text.words import phrase


def lead(result: SweepResult, found: Findings) -> None:
    """The one sentence that matters, above the picture."""
    said = finding_words(result, found)[0] if result.heads else phrase("No head is measured yet.")
    with st.container(key="headline"):
        show_html(fill('<h2 class="hs-headline">{}</h2>', words_html(said)))


def findings_panel(result: SweepResult, found: Findings) -> None:
    """What lowered the answer, what raised it, where those heads sit, and what to be wary of."""
    if not result.heads:
        with st.container(key="findings"):
            note("No head has been measured yet: the heatmap shows estimates.")
        return
    said = map(words_html, finding_words(result, found))
    with st.container(key="findings"):
        show_html(
            fill(
                '<div class="hs-findings">{}<h4>{}</h4><ul>{}</ul></div>',
                joined_html(fill("<p>{}</p>", each) for each in said),
                CAVEATS,
                joined_html(fill("<li>{}</li>", caveat) for caveat in found.caveats),
            )
        )

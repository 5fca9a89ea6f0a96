"""A locked prediction beside what was measured, in sentences."""

import streamlit as st

from components.state import Test
from components.widgets.page.html import show_html
from components.words.markup import fill, joined_html
from components.words.terms import with_terms
from core.hypotheses.joint_words import went_words
from core.hypotheses.parse_heads import heads_text
from core.hypotheses.prediction import Verdict
from core.results.result import Baseline, Effect
from core.text.numbers import unbroken


def verdict(test: Test, baseline: Baseline, joint: Effect) -> None:
    """Who was right, and by how much the size was off."""
    found = Verdict(test.prediction, baseline, joint)
    with st.container(key="hypothesis_verdict"):
        line = fill(
            '<div class="hs-head"><b>{}</b>{} ablated at once: {}</div>',
            found.headline,
            heads_text(test.prediction.heads),
            unbroken(went_words(baseline.prob, joint.prob)),
        )
        sentences = (
            fill('<p class="hs-said">{}</p>', with_terms(unbroken(said)))
            for said in found.sentences()
        )
        show_html(line + joined_html(sentences))

"""How a sweep was computed: the metric, estimates, whole layers, versions, what to be wary of."""

import streamlit as st

from components.state import Effects
from components.widgets.page.html import show_html
from components.widgets.page.metric_row import why_this_metric
from components.words.markup import fill, quiet_html, words_html
from core.results.captions import layer_effect_words, provenance_words
from core.results.facts import swept_fact
from core.results.metrics import Metric
from core.sweep.estimate.estimate_words import estimate_check_words
from core.text.words import phrase


def provenance_panel(effects: Effects, metric: Metric) -> None:
    """Draw it, a line each."""
    result = effects.result
    swept = swept_fact(result)
    with st.container(key="provenance"):
        swept_words = phrase("Swept ", swept.value, ": ", swept.detail)
        show_html(fill('<div class="hs-quiet">{}</div>', words_html(swept_words)))
        show_html(quiet_html(provenance_words(result)))
    why_this_metric(result)
    with st.container(key="margins"):
        show_html(quiet_html(layer_effect_words(result, effects.layer_effects)))
    if effects.estimate is not None and result.complete:
        with st.container(key="estimate"):
            said = estimate_check_words(effects.estimate, result, metric)
            if said:
                show_html(quiet_html(phrase(said)))

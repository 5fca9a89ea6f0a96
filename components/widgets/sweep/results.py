"""The sweep on screen: heatmap, findings, ranking, one head, the kinds."""

import streamlit as st

from components.figures.base.look import Look
from components.state import Session
from components.widgets.head.panel import head_detail
from components.widgets.page.metric_row import shown_metric
from components.widgets.runs.bar import run_bar
from components.widgets.sweep.facts import baseline_facts
from components.widgets.sweep.findings import findings_panel
from components.widgets.sweep.heatmap import heatmap_panel
from components.widgets.sweep.kinds import kinds_panel
from components.widgets.sweep.ranking import ranking_table
from core.results.findings import findings


def results(state: Session, look: Look) -> None:
    """Draw all of it, once there is something."""
    if state.sweep.result is None:
        return
    effects = state.reveal(state.sweep.result)
    result = effects.result
    with st.container(key="results"):
        baseline_facts(result, shown_metric(result))
        chart, beside = st.columns([1.55, 1], gap="large")
        with chart:
            metric = heatmap_panel(effects, state, look)
            run_bar(effects, metric, state)
        with beside:
            words, table = st.tabs(["Findings", "Ranking"])
            with words:
                findings_panel(result, findings(result, metric, effects.layer_effects))
            with table:
                ranking_table(effects, metric, state)
        head_detail(effects, metric, state, look)
        kinds_panel(result, metric, state, look)

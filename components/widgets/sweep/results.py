"""The sweep on screen: the picture first, beside it what it says or the head that is open."""

import streamlit as st

from components.figures.base.look import Look
from components.state import Session
from components.widgets.head.panel import head_detail
from components.widgets.page.metric_row import shown_metric
from components.widgets.runs.bar import run_bar
from components.widgets.sweep.details import details
from components.widgets.sweep.facts import baseline_facts
from components.widgets.sweep.findings import findings_panel, lead
from components.widgets.sweep.heatmap import heatmap_panel
from components.widgets.sweep.next_steps import next_steps
from components.widgets.sweep.second_kind import second_kind
from components.widgets.tour.panel import tour_panel
from core.results.findings import findings


def results(state: Session, look: Look) -> None:
    """Draw all of it, once there is something."""
    if state.sweep.result is None:
        return
    effects = state.reveal(state.sweep.result)
    result, metric = effects.result, shown_metric(effects.result)
    found = findings(result, metric, effects.layer_effects)
    with st.container(key="results"):
        picture, beside = st.columns([1.5, 1], gap="medium")
        with picture, st.container(key="map"):
            lead(found)
            heatmap_panel(effects, metric, state, look)
            next_steps(effects, metric, state)
            run_bar(effects, metric, state)
        with beside, st.container(key="beside"):
            tour = st.container()
            if state.selection.head is None:
                baseline_facts(result)
                second_kind(result, metric, state)
                findings_panel(result, found)
            head_detail(effects, metric, state, look)
            with tour:  # it tells of what is drawn beneath it
                tour_panel(effects, state)
        details(effects, metric, state, look)

"""The sweep: type a prompt and a target, ablate every head, click one. Read, compute, draw."""

import streamlit as st

from components.widgets.composer.draft import update_models
from components.widgets.composer.form import composer
from components.widgets.head.panel import head_detail
from components.widgets.page.address_bar import follow_address, write_address
from components.widgets.page.frame import begin_page, end_page
from components.widgets.page.metric_row import shown_metric
from components.widgets.runs.bar import run_bar
from components.widgets.runs.import_file import import_box
from components.widgets.sweep.address import sweep_params, take_over
from components.widgets.sweep.facts import baseline_facts
from components.widgets.sweep.findings import findings_panel
from components.widgets.sweep.heatmap import heatmap_panel
from components.widgets.sweep.kinds import kinds_panel
from components.widgets.sweep.progress import progress_panel
from components.widgets.sweep.ranking import ranking_table
from components.widgets.sweep.run_status import follow, run_status
from core.results.findings import findings

state, theme = begin_page()
follow_address(state, "sweep", lambda: sweep_params(state), lambda params: take_over(state, params))
update_models(state)
draft, pressed = composer(state)
follow(state, draft, pressed=pressed)
progress_panel(state, draft, beside_sweep=True)
run_status(state, draft)

if state.sweep.result is not None:
    effects = state.reveal(state.sweep.result)
    result = effects.result
    with st.container(key="results"):
        baseline_facts(result, shown_metric(result))
        chart, beside = st.columns([1.55, 1], gap="large")
        with chart:
            metric = heatmap_panel(effects, state, theme)
            run_bar(effects, metric, state)
        with beside:
            words, table = st.tabs(["Findings", "Ranking"])
            with words:
                findings_panel(result, findings(result, metric))
            with table:
                ranking_table(effects, metric, state)
        head_detail(effects, metric, state, theme)
        kinds_panel(result, metric, state, theme)
import_box(state)
write_address(state, sweep_params(state))
end_page(state)

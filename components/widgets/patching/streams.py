"""Residual stream patching by layer and position, beneath that of heads."""

import streamlit as st

from components.figures.base.look import Look
from components.figures.stream_map import stream_map
from components.state import Session, value
from components.widgets.head.context import chart, subtitle
from components.widgets.page.messages import note
from components.widgets.page.task_result import task_result
from core.circuits.figure_captions import STREAMS
from core.circuits.tasks import MeasureStreamPatching
from core.spec.spec import SweepSpec


def stream_panel(spec: SweepSpec, state: Session, look: Look) -> None:
    """A switch, and under it the map of layers by positions."""
    st.toggle("Layer × position: the residual stream", key="patch_stream", persist_state="session")
    if not value("patch_stream"):
        return
    with st.container(key="streams"):
        found = task_result(state, "patch_streams", MeasureStreamPatching(spec))
        if found is None:
            return
        subtitle(STREAMS)
        shares = found.normalised
        values, unit = (found.values, "nats") if shares is None else (shares, "share of the gap")
        chart(
            stream_map(values, found.positions, found.tokens, unit, look),
            "patch-stream",
            "What the clean residual stream restores, by layer and position",
        )
        note(
            "Before layer 0 a token is exchanged. After the last layer, where the answer is read, "
            "nothing is left of the corrupted run."
        )

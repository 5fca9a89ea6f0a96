"""Residual stream patching by layer and position, beneath that of heads."""

import streamlit as st

from components.figures.base.look import Look
from components.figures.stream_map import stream_map
from components.state import Session
from components.widgets.head.context import chart, subtitle
from components.widgets.page.messages import note
from components.widgets.page.task_result import task_result
from components.widgets.patching.tokens import both_tokens
from core.circuits.figure_captions import STREAMS
from core.circuits.tasks import MeasureStreamPatching
from core.spec.spec import SweepSpec


def stream_panel(spec: SweepSpec, state: Session, look: Look) -> None:
    """The map of layers by positions."""
    with st.container(key="streams"):
        found = task_result(state, "patch_streams", MeasureStreamPatching(spec))
        if found is None:
            return
        subtitle(STREAMS)
        note(
            "A cell exchanges the stream at its position (column) before its layer (row): follow a "
            "column down to see up to which layer the answer depends on that position."
        )
        shares = found.normalised
        values, unit = (found.values, "nats") if shares is None else (shares, "share of the gap")
        chart(
            stream_map(values, found.positions, both_tokens(spec, found), unit, look),
            "patch-stream",
            "What the clean residual stream restores, by layer and position",
        )
        note(
            "Before layer 0 a token is exchanged. After the last layer, where the answer is read, "
            "nothing is left of the corrupted run: that cell is all of the gap by construction."
        )

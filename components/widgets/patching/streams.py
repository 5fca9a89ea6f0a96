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
from core.text.words import plain


def stream_panel(spec: SweepSpec, state: Session, look: Look) -> None:
    """A switch, and under it the map of layers by positions, in both directions."""
    st.toggle("Layer × position: the residual stream", key="patch_stream", persist_state="session")
    if not value("patch_stream"):
        return
    with st.container(key="streams"):
        for direction, caption in STREAMS.items():
            task = MeasureStreamPatching(spec, direction)
            found = task_result(state, f"patch_streams_{direction}", task)
            if found is None:
                return
            subtitle(caption)
            if found.roles_turned:
                note("The roles are turned, as said above: what closes the gap lowers the answer.")
            shares = found.normalised
            in_nats = (found.values, "nats")
            values, unit = in_nats if shares is None else (shares, "share of the gap")
            chart(
                stream_map(values, found.positions, found.tokens, unit, look),
                f"patch-stream-{direction}",
                plain(caption),
            )
        note(
            "Before layer 0 a token is exchanged. After the last layer, where the answer is read, "
            "nothing is left of the corrupted run (denoise) or of the clean one (noise)."
        )

"""Residual stream patching by layer and position, beneath that of heads."""

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from components.figures.base.cells import scale_of
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
from core.text.words import plain

if TYPE_CHECKING:
    from core.circuits.stream_patching import StreamPatching


def stream_panel(spec: SweepSpec, state: Session, look: Look) -> None:
    """The map of layers by positions, in both directions."""
    with st.container(key="streams"):
        note(
            "A cell exchanges the stream at its position (column) before its layer (row): follow a "
            "column down to see up to which layer the answer depends on that position."
        )
        both = {}
        for direction in STREAMS:
            task = MeasureStreamPatching(spec, direction)
            found = task_result(state, f"patch_streams_{direction}", task)
            if found is None:
                break
            both[direction] = found
        limit = max((scale_of(_shown(found)[0]) for found in both.values()), default=1.0)
        for direction, found in both.items():
            subtitle(STREAMS[direction])
            if found.roles_turned:
                note(
                    "The two prompts have changed places, as said above: what closes the gap "
                    "lowers the answer."
                )
            values, unit = _shown(found)
            tokens = both_tokens(spec, found)
            chart(
                stream_map(
                    values,
                    found.positions,
                    tokens,
                    unit,
                    look,
                    limit=limit,
                    positive_takes=found.positive_lowers,
                ),
                f"patch-stream-{direction}",
                plain(STREAMS[direction]),
            )
        note(
            "Before layer 0 a token is exchanged. After the last layer, where the answer is read, "
            "nothing is left of the corrupted run (denoise) or of the clean one (noise): that cell "
            "is all of the gap by construction."
        )


def _shown(found: "StreamPatching") -> tuple[np.ndarray, str]:
    shares = found.normalised
    return (found.values, "nats") if shares is None else (shares, "share of the gap")

"""Activation patching between a prompt and its corrupted version, in both directions."""

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from components.figures.base.cells import scale_of
from components.figures.base.grids import Panel, grids
from components.figures.base.look import Look
from components.figures.position_map import position_map
from components.state import Session, put, value
from components.widgets.composer.draft import Draft
from components.widgets.head.context import head_chart, subtitle
from components.widgets.page.html import show_html
from components.widgets.page.messages import banner, note
from components.widgets.page.task_result import task_result
from components.widgets.patching.streams import stream_panel
from components.widgets.patching.tokens import both_tokens
from components.words.markup import fill
from core.circuits.figure_captions import PATCHED_COLOURS
from core.circuits.patching_words import gap_words
from core.circuits.tasks import MeasurePatching
from core.spec.ablation import AblationKind, Needs
from core.spec.heads import Head
from core.spec.spec import SweepSpec
from core.text.words import phrase

if TYPE_CHECKING:
    from collections.abc import Iterable

    from core.circuits.patching import Patching

DIRECTIONS = {
    "denoise": "Denoise: the corrupted run with one head’s clean output. What does it restore?",
    "noise": "Noise: the clean run with one head’s corrupted output. What does it break?",
}
LAYER, MODEL, STREAM = "The layer of a head", "The whole model", "The residual stream"


def patching_run(draft: Draft, state: Session) -> None:
    """The button that patches, or what is missing for it."""
    with st.container(key="patch_row"):
        kind = AblationKind(value("ablation"))
        if kind.traits.needs is not Needs.CORRUPTED_PROMPT:
            note(
                "Patching takes each head’s output from a corrupted prompt with as many tokens: "
                "choose resample, and write one or have one made."
            )
            st.button(
                "Choose resample",
                key="choose_resample",
                on_click=put,
                args=("ablation", AblationKind.RESAMPLE),
            )
            return
        ready = draft.spec is not None and draft.model is not None
        if st.button("Patch every head", key="patch", type="primary", disabled=not ready):
            assert draft.spec is not None
            state.patching.patch(draft.spec)
        if state.patching.requested is not None and draft.spec != state.patching.requested:
            banner("The inputs have changed: press Patch every head. Below is the patching before.")


def patching_panel(spec: SweepSpec, state: Session, look: Look) -> None:
    """Every head in both directions; beneath, one position at a time."""
    with st.container(border=True, key="patching"):
        show_html(
            fill(
                '<div class="hs-words">“{}” against “{}”</div>',
                spec.prompt,
                spec.corrupted_prompt or "",
            )
        )
        whole = {
            name: found
            for name in DIRECTIONS
            if (found := task_result(state, f"patch_{name}", MeasurePatching(spec, name)))
            is not None
        }
        if not whole:
            return
        first = next(iter(whole.values()))
        note(" ".join((*gap_words(first, first.metric), PATCHED_COLOURS)))
        limit = _limit(whole.values())
        for column, (name, found) in zip(st.columns(2, gap="large"), whole.items(), strict=False):
            with column:
                subtitle(phrase(DIRECTIONS[name]))
                values, unit = _shown(found)
                panel = Panel("", _grid(found, values))
                head_chart(
                    grids(
                        [panel],
                        unit,
                        look,
                        selected=_chosen(state),
                        limit=limit,
                        positive_takes=found.positive_lowers,
                    ),
                    f"patch-{name}",
                    f"{DIRECTIONS[name]} Every head, layer by head",
                    state,
                )
        _by_position(spec, first.heads, state, look)


def _by_position(spec: SweepSpec, every: tuple[Head, ...], state: Session, look: Look) -> None:
    scope = value("patch_scope")
    st.segmented_control(
        "One position at a time",
        [LAYER, MODEL, STREAM],
        key="patch_scope",
        required=True,
        persist_state="session",
    )
    if scope == STREAM:
        stream_panel(spec, state, look)
        return
    heads: tuple[Head, ...] | None = None
    if scope == LAYER:
        if state.selection.head is None or state.selection.head not in every:
            note("Click a head above to patch its layer one position at a time.")
            return
        heads = tuple(head for head in every if head.layer == state.selection.head.layer)
    both = {
        name: found
        for name in DIRECTIONS
        if (found := task_result(state, f"places_{name}", MeasurePatching(spec, name, heads, True)))
        is not None
    }
    limit = _limit(both.values())
    for name, found in both.items():
        subtitle(phrase(f"{DIRECTIONS[name].split(':')[0]}, one position at a time"))
        values, unit = _shown(found)
        head_chart(
            position_map(
                values,
                found.heads,
                found.positions,
                both_tokens(spec, found),
                unit,
                look,
                selected=state.selection.head,
                digits=2,
                limit=limit,
                positive_takes=found.positive_lowers,
            ),
            f"patch-places-{name}-{scope}",
            f"{name} by head and position",
            state,
        )


def _limit(found: "Iterable[Patching]") -> float:
    """One end for the scales of both directions, so that a colour means the same in either."""
    return scale_of(np.concatenate([_shown(each)[0].ravel() for each in found] or [np.zeros(0)]))


def _shown(found: "Patching") -> tuple[np.ndarray, str]:
    shares = found.normalised
    return (found.values, "nats") if shares is None else (shares, "share of the gap")


def _grid(found: "Patching", values: np.ndarray) -> np.ndarray:
    shape = max(h.layer for h in found.heads) + 1, max(h.head for h in found.heads) + 1
    grid = np.full(shape, np.nan)
    for head, each in zip(found.heads, values, strict=True):
        grid[head] = each
    return grid


def _chosen(state: Session) -> list[Head]:
    return [] if state.selection.head is None else [state.selection.head]

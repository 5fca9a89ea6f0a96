"""The heatmap's grid on the page: the script that draws it, and what a click on it does."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.components.v2.get_bidi_component_manager import get_bidi_component_manager
from streamlit.components.v2.manifest_scanner import ComponentConfig, ComponentManifest

from components.figures.head_grid import Grid
from components.state import Session
from core.spec.heads import Head

KEY = "head_grid"
_NAME = f"headsweep.{KEY}"
_MOST_TURNS = 2**53
"""Beyond which a browser counts no more."""
_COMPONENTS = Path(str(files("components")))


def show_grid(grid: Grid, state: Session) -> None:
    """Draw the grid; a cell that is clicked, or opened by a key, becomes the selected head."""
    selection = state.selection
    label = None if selection.head is None else selection.head.label
    _component()(
        key=KEY,
        data=grid | {"selected": label, "turn": selection.turn},
        on_opened_change=_opened,
    )


def _opened() -> None:
    from components.state import session

    state = session()
    result = state.sweep.result
    told = getattr(st.session_state.get(KEY), "opened", None)
    choice = None if result is None else choice_of(told, result.shape)
    if choice is not None:
        head, turn = choice
        state.selection.choose(head, turn=turn)


def choice_of(told: object, shape: tuple[int, int]) -> tuple[Head | None, int] | None:
    """The head, or none, that a browser says was chosen in a grid of `shape`, and its turn.

    None for what no grid of ours tells.
    """
    if not isinstance(told, Mapping):
        return None
    turn, head = told.get("turn"), told.get("head")
    if type(turn) is not int or not 0 <= turn < _MOST_TURNS:
        return None
    if head is None:
        return None, turn
    if not isinstance(head, list) or [type(each) for each in head] != [int, int]:
        return None
    found = Head(*head)
    return (found, turn) if found.within(shape) else None


def _component() -> Any:
    """The component. Its script is a file of this server's: the page's policy allows no other."""
    manager = get_bidi_component_manager()  # a server has one; each AppTest has its own
    if manager.get(_NAME) is None:
        package, _, name = _NAME.partition(".")
        folder = [ComponentConfig(name, asset_dir="assets/js")]
        manager.register_from_manifest(ComponentManifest(package, "", folder), _COMPONENTS)
    return _mounted()


@cache
def _mounted() -> Any:
    return st.components.v2.component(_NAME, js="head_grid.js", isolate_styles=False)

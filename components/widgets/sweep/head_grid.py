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
from components.widgets.head.choosing import choose_head
from components.widgets.page.parts import Part
from core.spec.heads import Head

KEY = "head_grid"
_NAME = f"headsweep.{KEY}"
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
    if result is None or not isinstance(told, Mapping):
        return
    turn, found = told.get("turn"), told.get("head")
    if not isinstance(turn, int) or not _is_head(found, result.shape):
        return
    choose_head(state, None if found is None else Head(*found), Part.GRID, turn=turn)


def _is_head(found: Any, shape: tuple[int, int]) -> bool:
    """Whether a browser named a head of the sweep on screen, or none."""
    if found is None:
        return True
    if not isinstance(found, list) or [type(each) for each in found] != [int, int]:
        return False
    return Head(*found).within(shape)


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

"""The comparison page: its two sides, and the pictures once both are there."""

from collections.abc import Mapping, Sequence

import streamlit as st

from components.figures.base.look import Look
from components.state import Session, chosen_metric, put_metric
from components.state.compare_page import NAMES
from components.state.open_run import refusal
from components.widgets.compare.beginning import begin_with
from components.widgets.compare.panel import panel
from components.widgets.compare.partners import partners
from components.widgets.compare.sides import OFFERED, Sided, begin_sweeps, found_of, side_box
from components.widgets.page.address_bar import AddressParams, follow_address, write_address
from components.widgets.page.messages import error_message, note
from core.checkpoints.permitted import permitted_in_links
from core.errors import InputError, StoreError
from core.exports import links
from core.spec.heads import Head
from core.store.keeper import KEEPER
from core.store.run import Summary


def compare_page(state: Session, look: Look) -> None:
    """Choose two runs; see them on one scale, their difference, and the heads that moved."""
    sides = {name: found_of(state, name) for name in NAMES}
    follow_address(state, "compare", lambda: _here(state, sides), lambda p: _take(state, p, sides))
    begin_sweeps(state, sides)
    offered = _offered()
    listed = offered or ()
    with st.container(border=True, key="compare_sides"):
        left, middle, right = st.columns([5, 0.7, 5], vertical_alignment="bottom", gap="small")
        with left:
            sides["a"] = side_box(state, "a", listed, sides["a"])
        with middle:
            st.button(
                ":material/swap_horiz:",
                key="swap_sides",
                help="Swap A and B",
                on_click=state.compare.swap,
            )
        with right:
            sides["b"] = side_box(state, "b", listed, sides["b"])
    a, b = sides["a"], sides["b"]
    if a is not None and b is not None:
        state.selection.fit_quietly(a.sealed.shape)
        panel(state.reveal(a.sealed).result, state.reveal(b.sealed).result, state, look)
    elif a is not None and "b" not in state.compare.sides and partners(state, a):
        pass
    elif offered == [] and not state.compare.sides:
        begin_with(state)
    elif len(state.compare.sides) < len(NAMES):
        note(
            "Choose two runs: other prompts, kinds of ablation, a prompt and its corrupted "
            "version, or two models of the same shape. Every sweep that is kept can be chosen."
        )
    write_address(state, _here(state, sides))


def _offered() -> list[Summary] | None:
    """The newest kept runs; None where they cannot be listed, which is said."""
    try:
        return KEEPER.ask(lambda store: store.listed(most=OFFERED))
    except StoreError as error:
        error_message(f"The kept runs cannot be listed. {error}")
        return None


def _here(state: Session, sides: dict[str, Sided | None]) -> AddressParams:
    """Both sides as specs where links may hold them, else as names of kept runs."""
    params: AddressParams = {}
    for name in NAMES:
        params |= _side(state, name, sides.get(name))
    if not links.fits(params):
        params = {}
        for name in NAMES:
            found = sides.get(name)
            if found is not None and found.run_id is not None:
                params[name] = [found.run_id]
    if (metric := chosen_metric()) is not None:
        params["metric"] = [metric.short]
    if state.selection.head is not None:
        params["head"] = [state.selection.head.label]
    return params


def _side(state: Session, name: str, found: Sided | None) -> AddressParams:
    side = state.compare.sides.get(name)
    if side is None:
        return {}
    spec = found.sealed.spec if found is not None else None if isinstance(side, tuple) else side
    if spec is not None and permitted_in_links(spec.model) and not (found and found.imported):
        return links.to_params(links.as_requested(spec), f"{name}.")
    return {name: [side[1]]} if isinstance(side, tuple) else {}


def _take(
    state: Session, params: Mapping[str, Sequence[str]], sides: dict[str, Sided | None]
) -> str:
    """Make the sides what an address asks for; returns what is wrong with it, if anything."""
    wrong = ""
    for name in NAMES:
        try:
            run_id = links.run_id(params, name)
            spec = links.from_params(params, f"{name}.")
            if run_id is not None:
                state.compare.choose(name, ("run", run_id))
            elif spec is not None and (refused := refusal(spec)):
                state.compare.choose(name, None)
                wrong = refused
            elif spec != state.compare.sides.get(name):
                state.compare.choose(name, spec)
        except InputError as error:
            wrong = f"Side {name.upper()} of this link cannot be opened. {error}"
        sides[name] = found_of(state, name)
    put_metric(links.first(params, "metric"))
    text = links.first(params, "head")
    try:
        state.selection.choose(None if text is None else Head.parse(text[:20]))
    except ValueError as error:
        wrong = wrong or f"This link names a head that is none. {error}"
    return wrong

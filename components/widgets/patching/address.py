"""The Patching page's address: the two prompts, and the head whose positions are shown."""

from collections.abc import Mapping, Sequence
from contextlib import suppress

from components.state import Session
from components.state.open_run import fill_from_address
from components.widgets.composer.draft import on_this_machine
from components.widgets.page.address_bar import AddressParams
from components.widgets.sweep.address import spec_params
from core.checkpoints.permitted import permitted_in_links
from core.exports import links
from core.spec.heads import Head
from core.spec.spec import SweepSpec


def patching_params(state: Session, requested: SweepSpec | None) -> AddressParams:
    """What is on screen; `patched` where the patching of it is."""
    spec = state.patching.requested or requested
    params: AddressParams = {}
    if spec is not None and permitted_in_links(spec.model):
        params = spec_params(spec)
    if state.patching.requested is not None:
        params["patched"] = ["1"]
    if state.selection.head is not None:
        params["head"] = [state.selection.head.label]
    return params if links.fits(params) else {}


def take_patching(state: Session, params: Mapping[str, Sequence[str]]) -> str:
    """Fill in what an address asks for, and patch where that needs no download."""
    may_run, wrong = fill_from_address(state, params)
    spec = links.from_params(params) if may_run else None
    requested = "patched" in params and spec is not None and spec.corrupted_prompt is not None
    can_be = requested and spec is not None and on_this_machine(spec.model)
    state.patching.patch(spec if can_be else None)
    if text := links.first(params, "head"):
        with suppress(ValueError):
            state.selection.choose(Head.parse(text[:20]))
    return wrong

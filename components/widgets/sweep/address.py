"""The sweep page's address: which sweep, in which metric, and which head in which view."""

from collections.abc import Mapping, Sequence

from components.state import Session, chosen_metric, no_such_head, put, put_metric, value
from components.state.front_page import front_page_spec
from components.state.open_run import open_address, open_front_page
from components.widgets.head.panel import VIEWS
from components.widgets.page.address_bar import AddressParams
from core.checkpoints.permitted import permitted_in_links
from core.exports import links
from core.results.metrics import BY_SHORT
from core.spec.heads import Head, shortened
from core.spec.spec import SweepSpec

_OLD_VIEWS = {
    "looks": "attention",
    "says": "logits",
    "where": "positions",
    "roles": "scores",
    "feeds": "path-patching",
    "route": "direct-effect",
}
"""What version 0.1.0 called the views in its addresses: they open for ever."""


def sweep_params(state: Session) -> AddressParams:
    """What is on screen, as the address has it; nothing for the example that a page opens with."""
    params = shown_params(state)
    if (metric := chosen_metric()) is not None:
        params["metric"] = [metric.short]
    if state.selection.head is not None:
        params |= {"head": [state.selection.head.label], "view": [value("head_view")]}
    return params


def shown_params(state: Session) -> AddressParams:
    """The sweep on screen: its spec where a link may hold it, else the name of the kept run."""
    sweep = state.sweep
    spec = sweep.linked or sweep.requested
    if spec is None:
        return {}
    if sweep.linked is None and not _by_spec(state, spec) and sweep.run_id is not None:
        return {"run": [sweep.run_id]}
    return spec_params(spec) if links.fits(links.to_params(spec)) else {}


def spec_params(spec: SweepSpec) -> AddressParams:
    """A spec's parameters; none for what the front page shows."""
    return {} if links.as_requested(spec) == front_page_spec() else links.to_params(spec)


def _by_spec(state: Session, spec: SweepSpec) -> bool:
    """Whether a spec says it all, and a link may ask for it."""
    imported = state.sweep.run.imported
    return not imported and permitted_in_links(spec.model) and links.fits(links.to_params(spec))


def take_over(state: Session, params: Mapping[str, Sequence[str]]) -> str:
    """Put on screen what an address asks for; returns what is wrong with it, if anything."""
    wrong = _take_sweep(state, params)
    metric, view, text = (links.first(params, name) for name in ("metric", "view", "head"))
    put_metric(metric)
    view = _OLD_VIEWS.get(view or "", view)
    if view in VIEWS:
        put("head_view", view)
    if text is None:
        state.selection.choose(None)
    elif not wrong:
        wrong = _take_head(state, text)
    if not wrong and metric is not None and metric not in BY_SHORT:
        wrong = (
            f"The address asks for metric “{shortened(metric)}”: the metrics are "
            f"{', '.join(BY_SHORT)}."
        )
    if not wrong and view is not None and view not in VIEWS:
        wrong = f"The address asks for view “{shortened(view)}”: the views are {', '.join(VIEWS)}."
    return wrong


def _take_sweep(state: Session, params: Mapping[str, Sequence[str]]) -> str:
    about = {"run", *links.names()}
    asked = {name: list(texts) for name, texts in params.items() if name in about}
    if asked == shown_params(state):
        return ""
    if not asked:
        open_front_page(state)
        return ""
    return open_address(state, asked)


def _take_head(state: Session, text: str) -> str:
    try:
        head = Head.parse(text[:20])
    except ValueError:
        return f"The address asks for head “{shortened(text)}”: write it as ?head=L1H0."
    shown = state.sweep.result
    if shown is not None and state.sweep.linked is None and not head.within(shown.shape):
        return no_such_head(head, shown.spec.model, shown.shape)
    state.selection.choose(head, linked=True)  # without its result, it is not yet known to be there
    return ""

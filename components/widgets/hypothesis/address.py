"""The Hypothesis page's address: the question, the heads, and what is predicted of them.

A locked prediction is not in it: when it was locked, and what had been seen before, is this tab's.
"""

from collections.abc import Mapping, Sequence

from components.state import Session, put, value
from components.state.open_run import fill_from_address
from components.widgets.hypothesis.statement import OUTCOMES
from components.widgets.page.address_bar import AddressParams
from components.widgets.sweep.address import spec_params
from core.checkpoints.permitted import permitted_in_links
from core.exports import links
from core.spec.spec import SweepSpec
from core.text.typed_numbers import decimal_number

_MOST = 2_000


def hypothesis_params(state: Session, requested: SweepSpec | None) -> AddressParams:
    """What is on screen, as far as a link may hold it."""
    test = state.hypothesis.test
    spec = requested if test is None else test.spec
    params: AddressParams = {}
    if spec is not None and permitted_in_links(spec.model):
        params = spec_params(spec)
    if (heads := (value("heads") or "").strip()) and len(heads) <= _MOST:
        params["heads"] = [heads]
    if (outcome := value("outcome")) in OUTCOMES:
        params["outcome"] = [OUTCOMES[outcome == OUTCOMES[1]]]
    if (predicted := value("predicted")) is not None:
        params["predicted"] = [f"{predicted:g}"]
    return params if links.fits(params) else {}


def take_hypothesis(state: Session, params: Mapping[str, Sequence[str]]) -> str:
    """Fill in what an address asks for; nothing is locked or run by it."""
    if state.hypothesis.test is not None:
        given = {name: list(texts) for name, texts in params.items()}
        if given == hypothesis_params(state, None):
            return ""  # come back to: what is locked stays locked
        state.hypothesis.end()
    _, wrong = fill_from_address(state, params)
    heads, outcome, predicted = (
        links.first(params, name) for name in ("heads", "outcome", "predicted")
    )
    put("heads", (heads or "")[:_MOST])
    put("outcome", outcome if outcome in OUTCOMES else None)
    put("predicted", _percent(predicted))
    return wrong


def _percent(text: str | None) -> float | None:
    found = decimal_number(text or "")
    return found if found is not None and 0 <= found <= 100 else None

"""The Hypothesis page's address: the question, the heads, and what is predicted of them.

A locked prediction that is kept is there by its name, and nothing else is: what it says, when it
was locked and what had been seen before is in the store, where no address can change it.
"""

from collections.abc import Mapping, Sequence

from components.state import Session, put, value
from components.state.hypothesis_page import OUTCOMES
from components.state.open_prediction import open_prediction
from components.state.open_run import fill_from_address
from components.widgets.page.address_bar import AddressParams
from components.widgets.sweep.address import spec_params
from core.checkpoints.permitted import permitted_in_links
from core.errors import InputError, StoreError
from core.exports import links
from core.spec.spec import SweepSpec
from core.store.keeper import KEEPER
from core.store.result_kinds import PREDICTIONS
from core.store.store import DAYS_DELETED
from core.text.typed_numbers import decimal_number

_MOST = 2_000


def hypothesis_params(state: Session, requested: SweepSpec | None) -> AddressParams:
    """What is on screen, as far as a link may hold it."""
    test = state.hypothesis.test
    if test is not None and test.id is not None:
        return {"prediction": [test.id]}
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
    """Open the locked prediction that an address names, or fill in what it asks for.

    Nothing is locked by it.
    """
    if "prediction" in params:
        return _take_prediction(state, params)
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


def _take_prediction(state: Session, params: Mapping[str, Sequence[str]]) -> str:
    test = state.hypothesis.test
    try:
        name = links.run_id(params, "prediction", "prediction") or ""
        if test is not None and test.id == name:
            return ""  # come back to
        kept = KEEPER.ask(lambda store: store.read(PREDICTIONS, name))
    except InputError as error:
        wrong = f"This link cannot be opened. {error}"
    except StoreError as error:
        wrong = f"This link names a kept prediction. {error}"
    else:
        if kept is not None and kept.deleted is None:
            open_prediction(state, kept)
            return ""
        wrong = _gone(name) if kept is None else _deleted(name)
    state.hypothesis.end()
    fill_from_address(state, {})
    return wrong


def _gone(name: str) -> str:
    return (
        f"This link names the prediction {name}, which is not kept here: it was deleted for good, "
        "or belongs to another Headsweep. Ask for its JSON file."
    )


def _deleted(name: str) -> str:
    return (
        f"This link names the prediction {name}, which was deleted: for {DAYS_DELETED} days it can "
        "be restored on the History page, among the deleted ones."
    )


def _percent(text: str | None) -> float | None:
    found = decimal_number(text or "")
    return found if found is not None and 0 <= found <= 100 else None

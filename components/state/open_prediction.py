"""Opening a locked prediction in this tab: from its address, from the kept ones, or from a file."""

from dataclasses import replace

from components.state.hypothesis_page import OUTCOMES, Test
from components.state.open_run import fill
from components.state.tab import Session
from components.state.widgets import put
from core.checkpoints import catalogue
from core.exports import links
from core.hypotheses.parse_heads import heads_text
from core.results.locked_prediction import LockedPrediction
from core.store.run import Kept, Origin


def open_prediction(state: Session, kept: Kept[LockedPrediction]) -> None:
    """Put a kept prediction on screen, and what it says into the fields."""
    show_prediction(state, Test(kept.value, kept.id, kept.origin is Origin.IMPORTED))


def show_prediction(state: Session, test: Test) -> None:
    """Put a prediction on screen; its model under the one name that this program has for it."""
    locked = test.locked
    name = catalogue.canonical(locked.spec.model)
    if name != locked.spec.model:
        locked = replace(locked, spec=replace(locked.spec, model=name))
    made = locked.prediction
    fill(state, links.as_requested(locked.spec))
    put("heads", heads_text(made.heads))
    put("outcome", OUTCOMES[0] if made.breaks else OUTCOMES[1])
    put("predicted", 100 * made.prob_after)
    state.hypothesis.show(replace(test, locked=locked))

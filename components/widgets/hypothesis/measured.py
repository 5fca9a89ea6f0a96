"""Whether a locked prediction may be measured here, and what is known of it where it may not."""

import streamlit as st

from components.state import Session, Test
from components.widgets.composer.draft import on_this_machine
from components.widgets.hypothesis.verdict import verdict
from components.widgets.page.messages import note
from core.checkpoints.permitted import check_permitted
from core.errors import InputError
from core.spec.heads import shortened


def may_be_measured(test: Test, state: Session) -> bool:
    """Whether to measure it; if not, says what was measured before, and offers to do it here.

    Nobody downloads a model, or loads one that is not known here, by opening a prediction.
    """
    refused = _refused(test.spec.model)
    why = refused or _not_by_itself(test, state)
    if not why:
        return True
    outcome = test.locked.outcome
    with st.container(border=True, key="outcome_panel"):
        if outcome is None:
            note("It was not tested yet.")
        else:
            verdict(test, outcome.baseline, outcome.joint)
        note(why)
        if refused:
            return False
        st.button("Test it here", key="test_here", on_click=_test_here, args=(test, state))
    return False


def _refused(name: str) -> str:
    """Why the operator lets nobody load a model; nothing where they do."""
    try:
        check_permitted(name)
    except InputError as error:
        return str(error)
    return ""


def _not_by_itself(test: Test, state: Session) -> str:
    name = test.spec.model
    if state.models.is_untrusted(name):
        return (
            f"It is about {shortened(name)}, which is not known by name here: load it if you trust "
            "where the prediction comes from."
        )
    if "test" in state.hypothesis.wanted or on_this_machine(name):
        return ""
    return f"{shortened(name)} is not on this machine yet, and would be downloaded."


def _test_here(test: Test, state: Session) -> None:
    state.models.approve(test.spec.model)
    state.hypothesis.want("test")

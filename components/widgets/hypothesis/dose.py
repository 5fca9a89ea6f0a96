"""How much of the whole set the answer needs: its heads scaled together, begun by a button."""

from typing import TYPE_CHECKING

import streamlit as st

from components.figures.base.look import Look
from components.state import Session, Test
from components.widgets.head.dose import dose_curves
from components.widgets.page.messages import note
from components.widgets.page.task_result import task_result
from core.hypotheses.tasks import MeasureSetDose
from core.results.leading import leading
from core.spec.members import heads_of, mlps_of

if TYPE_CHECKING:
    from core.hypotheses.joint import JointTest


def set_dose(test: Test, found: "JointTest", state: Session, look: Look) -> None:
    """The curves of the set's heads; MLPs are not scaled, and it is said."""
    members = test.prediction.heads
    if not heads_of(members):
        return
    st.button(
        "Scale what they write, from 0 to 2",
        key="set_dose",
        on_click=state.hypothesis.want,
        args=("dose",),
        disabled="dose" in state.hypothesis.wanted,
    )
    if "dose" not in state.hypothesis.wanted:
        return
    dose = task_result(state, "dose", MeasureSetDose(test.spec, members))
    if dose is None:
        return
    if mlps_of(members):
        note("Heads alone are scaled: the set’s MLPs stay as they are.")
    metric = leading(has_foil=test.spec.foil is not None)
    with st.container(key="set_dose_curves"):
        dose_curves(dose, metric, test.spec.ablation, look, ablated=found.joint)

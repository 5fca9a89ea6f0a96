"""The findings of a sweep in plain English."""

import streamlit as st

from components.state import put_heads
from components.widgets.page.html import show_html
from components.widgets.page.messages import note
from components.words.markup import fill, joined_html, terms_html
from components.words.terms import with_terms
from core.results.finding_words import CAVEATS, finding_words
from core.results.findings import Findings
from core.results.joint_layers import JointLayer
from core.results.result import SweepResult


def lead(found: Findings) -> None:
    """The one sentence that matters, above the picture."""
    with st.container(key="headline"):
        show_html(fill('<h2 class="hs-headline">{}</h2>', terms_html(found.headline)))


def findings_panel(result: SweepResult, found: Findings) -> None:
    """What lowered the answer, what raised it, where those heads sit, and what to be wary of.

    The strongest fact stands above the picture. Layers whose heads hide each other have a way to
    the test that shows it.
    """
    if not result.heads:
        with st.container(key="findings"):
            note("No head has been measured yet: the heatmap shows estimates.")
        return
    layers = [each.words for each in found.joint_layers]
    rest = [w for w in finding_words(result, found) if w != found.headline and w not in layers]
    with st.container(key="findings"):
        for joint in found.joint_layers:
            _joint_layer(joint, found)
        show_html(
            fill(
                '<div class="hs-findings">{}<h4>{}</h4><ul>{}</ul></div>',
                joined_html(fill("<p>{}</p>", terms_html(each)) for each in rest),
                CAVEATS,
                joined_html(fill("<li>{}</li>", with_terms(caveat)) for caveat in found.caveats),
            )
        )


def _joint_layer(joint: JointLayer, found: Findings) -> None:
    if joint.words != found.headline:
        show_html(fill('<div class="hs-findings"><p>{}</p></div>', terms_html(joint.words)))
    if st.button(
        f"Test the heads of layer {joint.layer} together",
        key=f"test_layer_{joint.layer}",
        icon=":material/lock:",
        on_click=put_heads,
        args=(joint.heads,),
        help="On the Hypothesis page: say what happens without all of them, lock it, then look",
    ):
        st.switch_page("pages/hypothesis.py")

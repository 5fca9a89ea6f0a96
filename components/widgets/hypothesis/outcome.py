"""What became of a hypothesis: verdict, comparison with other sets, redundancy, pairs."""

from typing import TYPE_CHECKING

import streamlit as st

from components.figures.bars import Bar, bars
from components.figures.base.look import Look
from components.figures.hypotheses import other_sets_strip, pair_map
from components.state import Session, Test
from components.widgets.head.context import chart, subtitle
from components.widgets.page.messages import note
from components.widgets.page.task_result import task_result
from components.words.escaping import as_html
from core.hypotheses.parse_heads import heads_text
from core.hypotheses.prediction import Verdict
from core.hypotheses.tasks import MeasureInteractions, MeasureJoint
from core.results.leading import NOTABLE_NATS
from core.text.numbers import percent, signed
from core.text.words import phrase

if TYPE_CHECKING:
    from core.hypotheses.joint import JointTest

MOST_PAIRED = 10


def outcome(test: Test, state: Session, look: Look) -> None:
    """The locked prediction beside what was measured, and what the set is like."""
    heads = test.prediction.heads
    with st.container(border=True, key="outcome_panel"):
        found = task_result(state, "joint", MeasureJoint(test.spec, heads))
        if found is None:
            return
        _verdict(test, found)
        compared, backed = st.columns(2, gap="large")
        with compared:
            _compared(found, look)
        with backed:
            _redundancy(found, look)
        if 2 <= len(heads) <= MOST_PAIRED:
            _pairs(test, state, look)
        elif len(heads) > MOST_PAIRED:
            note(f"Pairs are measured for up to {MOST_PAIRED} heads; these are {len(heads)}.")


def _verdict(test: Test, found: "JointTest") -> None:
    verdict = Verdict(test.prediction, found.baseline, found.joint)
    broke = "broke" if verdict.broke else "held"
    right = "right" if verdict.right else "wrong"
    with st.container(key="hypothesis_verdict"):
        st.html(
            f'<div class="hs-head"><b>It {broke}: you were {right}</b>'
            f"{as_html(heads_text(found.heads))} removed at once: "
            f"{percent(found.baseline.prob)} → {percent(found.joint.prob)}</div>"
            + "".join(f'<p class="hs-said">{as_html(said)}</p>' for said in verdict.sentences())
        )


def _unit(found: "JointTest") -> str:
    foil = found.metric == "logit_diff_change"
    return "logit difference, nats" if foil else "log P(target), nats"


def _compared(found: "JointTest", look: Look) -> None:
    n = len(found.others)
    subtitle(phrase("Beside other sets of as many heads in the same layers"))
    if found.percentile is None:
        note("There is no other set of as many heads in these layers to compare with.")
        return
    chart(
        other_sets_strip(found, look),
        "other_sets",
        f"Change in {_unit(found)} of the chosen set and of {n} others",
    )
    which = f"all {n}" if n == found.n_possible else f"{n} of {found.n_possible:,}"
    note(
        f"Its change is below that of {found.percentile:.0f} % of the {n} sets compared ({which} "
        "that exist without the chosen heads). A place among these sets, not a p-value."
    )


def _redundancy(found: "JointTest", look: Look) -> None:
    subtitle(phrase("Together, and one at a time"))
    singles = list(zip(found.heads, found.singles, strict=True))
    rows = [
        Bar(head.label, float(getattr(effect, found.metric)))
        for head, effect in singles[:MOST_PAIRED]
    ]
    rows += [Bar("sum of singles", found.sum_of_singles), Bar("all together", found.change, True)]
    chart(
        bars(rows, f"change in {_unit(found)}", look),
        "redundancy",
        "Single effects, their sum and the joint effect",
    )
    if len(singles) > MOST_PAIRED:
        note(f"The first {MOST_PAIRED} of {len(singles)} heads are drawn; the sum has all.")
    gap = found.redundancy
    if len(singles) == 1:
        said = "One head: there is nothing to add up."
    elif abs(gap) < NOTABLE_NATS:
        said = f"The sum and the joint effect differ by less than {NOTABLE_NATS} nats: they add up."
    elif found.change < 0 or found.sum_of_singles < 0:
        more, word = (
            ("more", "they back each other up") if gap < 0 else ("less", "their effects overlap")
        )
        said = (
            f"Together they do {abs(gap):.2f} nats {more} damage than their single effects add up "
            f"to: {word}."
        )
    else:
        more = "less" if gap < 0 else "more"
        said = (
            f"Removing them raised the answer, together by {abs(gap):.2f} nats {more} than their "
            "single effects add up to."
        )
    note(said)


def _pairs(test: Test, state: Session, look: Look) -> None:
    found = task_result(state, "pairs", MeasureInteractions(test.spec, test.prediction.heads))
    if found is None:
        return
    subtitle(phrase("Pair by pair: joint change minus the two single changes, nats"))
    picture, words = st.columns([1.2, 1], gap="large")
    with picture:
        chart(pair_map(found, look), "pairs", "Interaction of every pair of the chosen heads")
    with words:
        backed = found.backed_up()
        if not backed:
            note(f"No pair backs each other up by {NOTABLE_NATS} nats or more.")
            return
        items = "".join(
            f"<li><b>{a.label}</b> and <b>{b.label}</b>: {signed(value, 2)} nats</li>"
            for a, b, value in backed[:MOST_PAIRED]
        )
        more = len(backed) - MOST_PAIRED
        st.html(
            '<div class="hs-findings"><p>Pairs that back each other up (outlined): losing both '
            "costs more than the two losses added.</p>"
            f"<ul>{items}</ul>{f'<p>and {more} more</p>' if more > 0 else ''}</div>"
        )

"""What became of a hypothesis: verdict, comparison with other sets, redundancy, pairs."""

from typing import TYPE_CHECKING

import streamlit as st

from components.figures.bars import Bar, bars
from components.figures.base.look import Look
from components.figures.hypotheses import other_sets_strip, pair_map
from components.state import Session, Test, live_for
from components.widgets.head.context import chart, subtitle
from components.widgets.hypothesis.dose import set_dose
from components.widgets.hypothesis.verdict import verdict
from components.widgets.page.html import show_html
from components.widgets.page.messages import note
from components.widgets.page.task_result import task_result
from components.words.markup import fill, joined_html
from components.words.timestamps import moment_words
from core.hypotheses.joint_words import (
    alike_words,
    all_additive_words,
    comparison_words,
    metric_name,
    pair_words,
    redundancy_words,
    went_words,
)
from core.hypotheses.relation import MEANINGS, Relation
from core.hypotheses.tasks import MeasureInteractions, MeasureJoint
from core.spec.members import counted, kinds_of
from core.text.numbers import unbroken
from core.text.words import phrase

if TYPE_CHECKING:
    from core.hypotheses.interactions import Interactions
    from core.hypotheses.joint import JointTest

MOST_PAIRED = 10
_SAME = 0.001
"""Probabilities that differ by less are the same: another machine rounds otherwise."""


def outcome(test: Test, state: Session, look: Look) -> None:
    """The locked prediction beside what was measured, and what the set is like."""
    heads = test.prediction.heads
    with st.container(border=True, key="outcome_panel"):
        found = task_result(state, "joint", MeasureJoint(test.spec, heads))
        if found is None:
            return
        verdict(test, found.baseline, found.joint)
        _note_outcome(test, found, state)
        compared, backed = st.columns(2, gap="large")
        with compared:
            _compared(found, look)
        with backed:
            _redundancy(found, look)
        if 2 <= len(heads) <= MOST_PAIRED:
            _pairs(test, state, look)
        elif len(heads) > MOST_PAIRED:
            kinds = kinds_of(heads)
            note(f"Pairs are measured for up to {MOST_PAIRED} {kinds}; these are {len(heads)}.")
        set_dose(test, found, state, look)


def _note_outcome(test: Test, found: "JointTest", state: Session) -> None:
    """Keep what was found first; where this is another, say what that was."""
    model = live_for(test.spec)
    fingerprint = test.locked.model_fingerprint if model is None else model.fingerprint
    first = test.locked.outcome
    if first is None:
        state.hypothesis.note_outcome(found.baseline, found.joint, fingerprint)
    elif abs(first.joint.prob - found.joint.prob) > _SAME:
        note(
            f"When it was tested first, at {moment_words(first.measured_at)}, it went "
            f"{went_words(first.baseline.prob, first.joint.prob)}."
        )
    if fingerprint != test.locked.model_fingerprint:
        note("The model’s files have changed since the prediction was locked.")


def _compared(found: "JointTest", look: Look) -> None:
    subtitle(phrase(f"Beside other sets of {alike_words(found.heads)}"))
    if not found.others:
        note(comparison_words(found))
        return
    chart(
        other_sets_strip(found, look),
        "other_sets",
        f"Change in {metric_name(found.metric)} of the chosen set and {len(found.others)} others",
    )
    note(comparison_words(found))


def _redundancy(found: "JointTest", look: Look) -> None:
    subtitle(phrase("Together, and one at a time"))
    singles = list(zip(found.heads, found.singles, strict=True))
    rows = [
        Bar(member.label, float(getattr(effect, found.metric)))
        for member, effect in singles[:MOST_PAIRED]
    ]
    rows += [Bar("sum of singles", found.sum_of_singles), Bar("all together", found.change, True)]
    chart(
        bars(rows, f"change in {metric_name(found.metric)}, nats", look),
        "redundancy",
        "Single effects, their sum and the joint effect",
    )
    if len(singles) > MOST_PAIRED:
        note(f"The first {MOST_PAIRED} of {counted(found.heads)} are drawn; the sum has all.")
    note(redundancy_words(found))


def _pairs(test: Test, state: Session, look: Look) -> None:
    found = task_result(state, "pairs", MeasureInteractions(test.spec, test.prediction.heads))
    if found is None:
        return
    subtitle(
        phrase(
            "Pair by pair: joint change minus the two single changes, "
            f"nats of {metric_name(found.metric)}"
        )
    )
    picture, words = st.columns([1.2, 1], gap="large")
    with picture:
        chart(pair_map(found, look), "pairs", "Interaction of every pair of the chosen set")
    with words:
        _telling_pairs(found)


def _telling_pairs(found: "Interactions") -> None:
    """The pairs that do not add up, by their relation; those that add up are counted."""
    telling = [pair for pair in found.pairs if pair.relation is not Relation.ADDITIVE]
    if not telling:
        note(all_additive_words(found))
        return
    blocks = []
    for relation in Relation:
        named = [pair for pair in telling[:MOST_PAIRED] if pair.relation is relation]
        if named:
            outlined = " (outlined)" if relation is Relation.BACKUP else ""
            blocks.append(
                fill(
                    "<p><b>{}</b>{}: {}</p><ul>{}</ul>",
                    relation.value,
                    outlined,
                    MEANINGS[relation],
                    joined_html(fill("<li>{}</li>", unbroken(pair_words(pair))) for pair in named),
                )
            )
    more = len(telling) - MOST_PAIRED
    if more > 0:
        blocks.append(fill("<p>and {} more</p>", more))
    show_html(fill('<div class="hs-findings">{}</div>', joined_html(blocks)))

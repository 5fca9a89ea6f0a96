"""Which role a head plays on repeated random tokens, beside what it does here."""

import numpy as np
import streamlit as st
from markupsafe import Markup

from components.figures.base.grids import Panel, grids
from components.figures.head_scores import score_bars, score_change
from components.figures.score_scatter import score_scatter
from components.state import put, value
from components.widgets.head.context import HeadContext, chart, head_chart, subtitle
from components.widgets.page.html import show_html
from components.widgets.page.messages import note
from components.widgets.page.task_result import task_result
from components.words.markup import fill, joined_html
from core.checkpoints.registry import key_of
from core.circuits import figure_captions
from core.circuits.atlas import Published, published, roles_of
from core.circuits.head_scores import COPYING, ROLES, HeadScores
from core.circuits.spread_words import MOVED, unmoved_scores
from core.circuits.tasks import MeasureScoresWithout
from core.spec.heads import all_heads
from core.text.numbers import decimal
from core.text.words import phrase


def scores_view(context: HeadContext) -> None:
    """Scores with their place among the heads, against the causal effect, and before and after."""
    roles = context.head_scores
    if roles is None:
        note("The scores appear here once every head has been measured; progress is shown beneath.")
        return
    scores, beside = st.columns([1, 1], gap="large")
    with scores:
        subtitle(figure_captions.SCORES)
        chart(
            score_bars(roles, context.head, context.look),
            f"roles-{context.head.label}",
            f"Role scores of {context.head.label}",
        )
        note(_how(roles))
        _literature(context)
    with beside:
        role = _choice(roles)
        subtitle(phrase(figure_captions.SCORES_AND_EFFECTS, ", a click opens one"))
        metric = context.metric
        head_chart(
            score_scatter(
                roles.values(role),
                metric.values(context.result),
                role,
                metric,
                context.look,
                context.head,
            ),
            f"scatter-{role}",
            f"Every head: {role} score against {metric.title}",
            context.state,
        )
    _before_after(roles, role if role != COPYING else ROLES[0], context)


def _choice(roles: HeadScores) -> str:
    known = [*roles.roles, *([COPYING] if roles.copying is not None else [])]
    if value("role") not in known:
        put("role", known[0])
    return str(st.selectbox("Score", known, key="role", persist_state="session", width=220))


def _how(roles: HeadScores) -> str:
    bos = "BOS, then " if roles.has_bos else ""
    return (
        f"{roles.n_sequences} sequences, seed {roles.seed}: {bos}{roles.copy_length} random tokens "
        "and the same again; read over the second copy. The line is a convention. A score says "
        "where a head looks; the sweep says what its loss does."
    )


def _literature(context: HeadContext) -> None:
    entries = roles_of(context.spec.model, context.head)
    with st.container(key="literature"):
        subtitle(figure_captions.LITERATURE)
        if entries:
            items = joined_html(fill("<li>{}</li>", _entry(each)) for each in entries)
            show_html(fill('<ul class="hs-cited">{}</ul>', items))
            note("Found on the task named, which need not be yours; the scores above are measured.")
        elif published(context.spec.model):
            note(
                f"Nothing in our list of papers names {context.head.label} of {context.spec.model}."
            )
        else:
            note(f"No published list of heads is known for {context.spec.model}: measure.")


def _entry(entry: Published) -> Markup:
    said = fill("<b>{}</b> on {}: {}", entry.role, entry.task, entry.citation)
    return fill("{}. {}", said, entry.note) if entry.note else said


def _before_after(roles: HeadScores, role: str, context: HeadContext) -> None:
    """What ablating this head does to every head's score."""
    head, kind = context.head, context.spec.ablation.on_other_texts
    task = MeasureScoresWithout(key_of(context.spec), head, kind, context.spec.reference)
    subtitle(figure_captions.scores_without(role, head, kind))
    without = task_result(context.state, "without", task)
    if without is None:
        return
    before, after = roles.values(role), without.values(role)
    if unmoved_scores(before, after):
        note(f"No head’s {role} score moves by {MOVED:g} or more: no map would show it.")
        _measured_under(context)
        return
    both, change = st.columns([1.3, 1], gap="large")
    with both:
        panels = [
            Panel("nothing ablated", before),
            Panel(f"without {head.label}", after),
        ]
        head_chart(
            grids(panels, "score", context.look, selected=[head], signed=False, limit=1.0),
            f"without-{role}",
            f"{role} scores of every head, nothing ablated and without {head.label}",
            context.state,
        )
        _measured_under(context)
    with change:
        _most_moved(before, after)
        chart(
            score_change(before, after, role, context.look),
            f"role-change-{role}-{head.label}",
            f"{role} score of the heads that moved, before and after ablating {head.label}",
        )


def _measured_under(context: HeadContext) -> None:
    """Under which other kind, where the sweep's own means nothing on random tokens."""
    ablation = context.spec.ablation
    if why := ablation.traits.not_on_other_texts:
        note(f"{why}: measured under {ablation.on_other_texts.label} ablation.")


def _most_moved(before: np.ndarray, after: np.ndarray) -> None:
    """The heads whose score moved most, in words."""
    moved = sorted(all_heads(*before.shape), key=lambda head: -abs(after[head] - before[head]))
    far = [head for head in moved if abs(after[head] - before[head]) >= MOVED]
    named = ", ".join(
        f"{head.label} {decimal(before[head])} → {decimal(after[head])}" for head in far[:4]
    )
    rest = f"; {before.size - len(far)} of {before.size} heads move by less than {MOVED:g}"
    note(f"Moved most: {named}{rest if len(far) < before.size else ''}.")

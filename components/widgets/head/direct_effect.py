"""By which route a head acts on the answer, and what each kind of ablation says of it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from components.figures.bars import Bar, bars
from components.figures.base.grids import Panel
from components.figures.direct_effect import MLPS, direct_effect_waterfall, mlp_bars
from components.widgets.head.context import HeadContext, chart, contributions, head_chart, subtitle
from components.widgets.page.messages import note
from core.circuits import figure_captions
from core.circuits.mechanism_words import mechanism_words, metric_words
from core.circuits.spread_words import unmoved_words
from core.circuits.verdict import leading_change
from core.results.leading import leading_of
from core.results.result import HeadEffect
from core.spec.ablation import AblationKind
from core.text.numbers import signed

if TYPE_CHECKING:
    from core.circuits.direct_effect import DirectEffect


def direct_effect_view(context: HeadContext) -> None:
    """Direct and downstream parts, later components that changed, and the kinds."""
    if (found := context.direct_effect_and_kinds) is None:
        note("The routes appear here as soon as they are measured.")
        return
    direct_effect, by_kind = found
    left, right = st.columns(2, gap="large")
    with left:
        if isinstance(direct_effect, str):
            note(direct_effect)
        else:
            _parts(direct_effect, context)
    with right:
        _kinds(by_kind, context)
    if not isinstance(direct_effect, str):
        _later(direct_effect, context)


def _parts(direct_effect: "DirectEffect", context: HeadContext) -> None:
    subtitle(figure_captions.direct_effect(direct_effect.metric))
    chart(
        direct_effect_waterfall(direct_effect, context.look),
        f"route-{context.head.label}",
        f"Direct and downstream effect of ablating {context.head.label}",
    )
    said = mechanism_words(direct_effect)
    note(
        f"{said[:1].upper()}{said[1:]}. Directly, with norms computed again: "
        f"{signed(direct_effect.direct, 2)} nats, so {signed(direct_effect.downstream, 2)} "
        "through later components."
    )


def _kinds(by_kind: Mapping[AblationKind, HeadEffect], context: HeadContext) -> None:
    metric = context.metric
    subtitle(figure_captions.KINDS)
    rows = [
        Bar(kind.label, value, kind is context.spec.ablation)
        for kind, effect in by_kind.items()
        if (value := metric.value(effect)) is not None
    ]
    chart(
        bars(
            rows,
            f"{metric.title}, {metric.unit}",
            context.look,
            digits=metric.digits,
            unit=metric.unit,
        ),
        f"kinds-{context.head.label}",
        f"Effect of ablating {context.head.label} under each kind of ablation",
    )
    of = metric_words(leading_of(context.result).field)
    nats = ", ".join(
        f"{kind.label} {signed(leading_change(effect), 2)}" for kind, effect in by_kind.items()
    )
    note(
        f"In {of}: {nats} nats. In bold: the kind of this sweep. Where the kinds "
        "disagree, trust none alone."
    )


def _later(direct_effect: "DirectEffect", context: HeadContext) -> None:
    if not direct_effect.most_changed(1) and not (abs(direct_effect.later_mlps) > 0).any():
        note("Nothing that comes later changed its own contribution to the answer.")
        return
    heads, mlps = st.columns(2, gap="large")
    with heads:
        subtitle(figure_captions.LATER_HEADS)
        _later_heads(direct_effect, context)
    with mlps:
        subtitle(figure_captions.LATER_MLPS)
        _later_mlps(direct_effect, context)


def _later_heads(direct_effect: "DirectEffect", context: HeadContext) -> None:
    if said := unmoved_words("head", direct_effect.later_heads):
        note(said)
        return
    head_chart(
        contributions(Panel("", direct_effect.later_heads), context.look, [context.head]),
        "later",
        "Change of every later head's direct contribution to the answer",
        context.state,
    )
    named = ", ".join(
        f"{head.label} {signed(change, 2)}"
        for head, change in direct_effect.most_changed()
        if abs(change) >= 0.005
    )
    note(f"Most: {named} nats, norms held at the clean run’s scales.")


def _later_mlps(direct_effect: "DirectEffect", context: HeadContext) -> None:
    changes = direct_effect.later_mlps
    if said := unmoved_words("MLP", changes):
        note(said)
        return
    chart(
        mlp_bars(changes, context.look),
        f"mlps-{context.head.label}",
        "Change of every later MLP's direct contribution to the answer",
    )
    sizes = np.sort(np.abs(changes[np.isfinite(changes)]))[::-1]
    if len(sizes) > MLPS:
        note(f"The other {len(sizes) - MLPS} changed by at most {sizes[MLPS]:.2f} nats.")

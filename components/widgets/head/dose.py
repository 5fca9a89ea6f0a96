"""How much of a head, or of a set of heads, the answer needs: what it writes, scaled."""

from typing import TYPE_CHECKING

import streamlit as st

from components.figures.base.look import Look
from components.figures.dose import dose_curve
from components.widgets.head.context import HeadContext, chart, subtitle
from components.widgets.page.messages import note
from components.widgets.page.task_result import task_result
from core.circuits import figure_captions
from core.circuits.dose_words import dose_words
from core.circuits.tasks import MeasureDose
from core.results.effects import Effect
from core.results.leading import leading_of
from core.results.metrics import Metric
from core.spec.ablation import AblationKind

if TYPE_CHECKING:
    from core.circuits.dose import Dose


def dose_view(context: HeadContext) -> None:
    """The leading metric and the target's probability, against the dose."""
    found = task_result(context.state, "view", MeasureDose(context.spec, context.head))
    if found is not None:
        metric, kind = leading_of(context.result), context.spec.ablation
        dose_curves(found, metric, kind, context.look, ablated=context.effect)


def dose_curves(
    found: "Dose", metric: Metric, kind: AblationKind, look: Look, *, ablated: Effect
) -> None:
    """Two curves and what is read off them; `ablated` is what the `kind` of ablation in use did."""
    name = ", ".join(head.label for head in found.heads)
    key = "-".join(head.label for head in found.heads[:4])
    subtitle(figure_captions.dose(name))
    leading, probability = st.columns(2, gap="large")
    with leading:
        values = [metric.value(effect) or 0.0 for effect in found.effects]
        chart(
            dose_curve(
                found.factors,
                values,
                metric.title,
                metric.unit,
                look,
                ablated=metric.value(ablated),
            ),
            f"dose-{key}",
            f"{metric.title} as {name} is scaled",
        )
    with probability:
        percents = [100 * effect.prob for effect in found.effects]
        chart(
            dose_curve(
                found.factors,
                percents,
                "P(target)",
                "%",
                look,
                1,
                signs=False,
                ablated=100 * ablated.prob,
            ),
            f"dose-prob-{key}",
            f"P(target) as {name} is scaled",
        )
    note(dose_words(found, metric))
    note(
        "A straight line would mean that each part of what is written counts alike. Where it "
        "bends, half of it does not do half of what the whole does, and a single ablation "
        f"cannot tell. The curve does not use this kind of ablation, {kind.label}."
    )

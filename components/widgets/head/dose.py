"""How much of a head the answer needs: its write scaled from nothing to twice as much."""

import streamlit as st

from components.figures.dose import dose_curve
from components.widgets.head.context import HeadContext, chart, subtitle
from components.widgets.page.messages import note
from components.widgets.page.task_result import task_result
from core.circuits import figure_captions
from core.circuits.dose_words import dose_words
from core.circuits.tasks import MeasureDose
from core.results.leading import leading_of


def dose_view(context: HeadContext) -> None:
    """The leading metric and the target's probability, against the dose."""
    found = task_result(context.state, "view", MeasureDose(context.spec, context.head))
    if found is None:
        return
    head, metric = context.head.label, leading_of(context.result)
    subtitle(figure_captions.dose(context.head))
    leading, probability = st.columns(2, gap="large")
    with leading:
        values = [metric.value(effect) or 0.0 for effect in found.effects]
        chart(
            dose_curve(
                found.factors,
                values,
                metric.title,
                metric.unit,
                context.look,
                ablated=metric.value(context.effect),
            ),
            f"dose-{head}",
            f"{metric.title} as {head} is scaled",
        )
    with probability:
        percents = [100 * effect.prob for effect in found.effects]
        chart(
            dose_curve(
                found.factors,
                percents,
                "P(target)",
                "%",
                context.look,
                1,
                signs=False,
                ablated=100 * context.effect.prob,
            ),
            f"dose-prob-{head}",
            f"P(target) as {head} is scaled",
        )
    note(dose_words(found, metric))
    note(
        "A straight line would mean that each part of what the head writes counts alike. Where it "
        "bends, half of the head does not do half of what the whole does, and a single ablation "
        "cannot tell. The curve does not use this sweep’s kind of ablation, "
        f"{context.spec.ablation.label}."
    )

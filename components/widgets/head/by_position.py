"""Where a head matters: the same ablation at one position at a time."""

import streamlit as st

from components.figures.cell_contents import color_limit
from components.figures.position_map import position_map
from components.state import value
from components.widgets.head.context import HeadContext, chart, head_chart, subtitle
from components.widgets.page.messages import note
from components.widgets.page.task_result import task_result
from core.circuits import figure_captions
from core.circuits.tasks import MeasurePositionEffects
from core.results.leading import leading_of
from core.spec.heads import Head, all_heads
from core.text.numbers import share_of

HEAD, LAYER, MODEL = "This head", "Its layer", "The whole model"


def by_position_view(context: HeadContext) -> None:
    """A strip for the head; a map of its layer or of the model to click through."""
    scope = value("where_scope")
    st.segmented_control(
        "Heads shown",
        [HEAD, LAYER, MODEL],
        key="where_scope",
        required=True,
        label_visibility="collapsed",
        persist_state="session",
    )
    heads = _heads(context, scope)
    found = task_result(context.state, "view", MeasurePositionEffects(context.spec, heads))
    if found is None:
        return
    metric = context.metric
    subtitle(figure_captions.by_position(metric))
    values = found.values(metric.field) * metric.factor
    figure = position_map(
        values,
        found.heads,
        found.positions,
        found.tokens,
        metric.unit,
        context.look,
        selected=context.head,
        digits=metric.digits,
        limit=color_limit(values, metric),
    )
    said = f"{metric.title} by head and position"
    if scope == HEAD:
        chart(figure, f"where-{context.head.label}", said)
    else:
        head_chart(figure, f"where-{scope}", f"{said}; a click opens a head", context.state)
    if (part := context.share_of_first) is not None:
        whole = f"the change in {leading_of(context.result).short}"
        note(f"Ablating it at position 0 alone: {share_of(part, whole)}.")
    strongest = found.strongest(metric.field, 3)
    if strongest:
        named = "; ".join(
            f"{head.label} at {position}: {metric.quantity(change * metric.factor)}"
            for head, position, change in strongest
        )
        so_far, label = "" if found.complete else " so far", context.head.label
        whole = metric.quantity(metric.value(context.effect) or 0.0)
        summed = (
            f"Positions do not add up to {label}’s {whole} at all positions: later layers are not "
            "linear."
            if len(found.positions) > 1
            else f"This sweep ablates that position only: it is all of {label}’s {whole}."
        )
        note(f"Largest{so_far}: {named}. {summed}")


def _heads(context: HeadContext, scope: str) -> tuple[Head, ...]:
    n_layers, n_heads = context.result.shape
    if scope == LAYER:
        return tuple(Head(context.head.layer, head) for head in range(n_heads))
    return tuple(all_heads(n_layers, n_heads)) if scope == MODEL else (context.head,)

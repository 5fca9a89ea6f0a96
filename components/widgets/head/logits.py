"""What a head makes the model say: predictions without it, what it writes, what it would copy."""

from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from components.figures.bars import Bar, bars
from components.figures.base.grids import Panel
from components.figures.predictions import before_after
from components.widgets.head.context import HeadContext, chart, contributions, head_chart, subtitle
from components.widgets.page.messages import note
from components.widgets.page.number_table import number_table, with_sign
from components.widgets.page.task_result import task_result
from core.circuits import figure_captions
from core.circuits.spread_words import MOVED_PROB
from core.circuits.tasks import MeasureLogitEffects
from core.prompts.tokens import visible_text
from core.text.numbers import signed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.circuits.logit_effects import LogitEffects, TokenProbability
    from core.circuits.ov import OvCircuit


def logits_view(context: HeadContext) -> None:
    """Predictions before and after, direct logit attribution, the OV circuit."""
    found = task_result(context.state, "view", MeasureLogitEffects(context.spec, context.head))
    if found is None:
        return
    says, adds = st.columns(2, gap="large")
    with says:
        subtitle(figure_captions.PREDICTIONS)
        answers = {*context.result.target_tokens[:1], *context.result.foil_tokens[:1]}
        moved = [p for p in found.predictions if abs(p.change) >= MOVED_PROB or p.text in answers]
        moved = moved or list(found.predictions)
        chart(
            before_after(moved, answers, context.look),
            f"predictions-{context.head.label}",
            f"Next-token probabilities before and after ablating {context.head.label}",
        )
        if rest := [p for p in found.predictions if p not in moved]:
            note(f"{_unmoved(rest)}: less than {100 * MOVED_PROB:g} pp each.")
    with adds:
        _attribution(found, context)
    if found.unavailable:
        note(found.unavailable)
    if found.ov_circuit is not None:
        _circuit(found.ov_circuit, context)


def _unmoved(rest: "Sequence[TokenProbability]") -> str:
    named = ", ".join(visible_text(each.text) for each in rest[:5])
    return f"Hardly moved: {named}{' …' if len(rest) > 5 else ''}"


def _attribution(found: "LogitEffects", context: HeadContext) -> None:
    if found.attribution is None:
        return
    by, head = found.attribution, context.head
    subtitle(figure_captions.ATTRIBUTION)
    if by.foil is None:
        axis = f"nats of log odds, against {by.difference.against}"
        rows = [Bar("to the target", float(by.difference.heads[head]), True)]
    else:
        axis = "nats"
        rows = [
            Bar("to the target’s log prob", float(by.target.heads[head])),
            Bar("to the foil’s log prob", float(by.foil.heads[head])),
            Bar("target − foil", float(by.difference.heads[head]), True),
        ]
    chart(
        bars(rows, axis, context.look, unit="nats"),
        f"attributed-{head.label}",
        f"Direct logit attribution of {head.label}",
    )
    if context.result.parts_at is not None:
        note(figure_captions.PARTED)
    subtitle(figure_captions.attribution_of_every_head(by.difference.against))
    head_chart(
        contributions(Panel("", by.difference.heads), context.look, [head]),
        "attribution",
        "Direct logit attribution of every head, layer by head",
        context.state,
    )


def _circuit(circuit: "OvCircuit", context: HeadContext) -> None:
    roles = context.head_scores
    copying = None if roles is None or roles.copying is None else float(roles.copying[context.head])
    subtitle(figure_captions.ov_circuit(copying))
    tokens = context.result.sequence
    frame = pd.DataFrame(
        {
            "position": range(len(circuit.from_resid_pre)),
            "token": [visible_text(text) for text in tokens],
            "promotes here": [_named(each.raised) for each in circuit.from_resid_pre],
            "demotes here": [_named(each.lowered[:3]) for each in circuit.from_resid_pre],
            "the token itself": [each.own for each in circuit.from_resid_pre],
            "promotes, from its embedding": [
                _words(each.raised) for each in circuit.from_embedding
            ],
        }
    )
    st.container(key="ov").dataframe(
        number_table(frame, {"the token itself": with_sign(2)}),
        hide_index=True,
        height=min(38 + 35 * len(frame), 320),
        column_config={
            "position": st.column_config.NumberColumn(width="small"),
            "the token itself": st.column_config.NumberColumn(width="small"),
        },
    )
    note(
        "“Here” reads the stream as it is on this prompt, with the final norm’s scale at the "
        "answer. “From its embedding” knows the token alone and misleads in late layers; only its "
        "order means something."
    )


def _named(pairs: tuple[tuple[str, float], ...]) -> str:
    return "   ".join(f"{visible_text(text)} {signed(value, 1)}" for text, value in pairs)


def _words(pairs: tuple[tuple[str, float], ...]) -> str:
    return "   ".join(visible_text(text) for text, _ in pairs)

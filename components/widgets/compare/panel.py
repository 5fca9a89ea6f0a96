"""What two runs have in common and what not: maps, a scatter, the heads that moved most."""

import pandas as pd
import streamlit as st

from components.figures.base.look import Look
from components.figures.comparison import RunName, comparison_alt, difference_of
from components.figures.comparison_maps import comparison_maps
from components.figures.comparison_scatter import comparison_scatter
from components.state import Session, chosen_metric
from components.widgets.head.context import head_chart
from components.widgets.page.messages import error_message
from components.widgets.page.metric_row import metric_row
from components.words.escaping import as_html
from components.words.page_html import quiet_html
from core.errors import InputError
from core.results.captions import provenance_words
from core.results.comparison import Comparison, compare
from core.results.metrics import Metric
from core.results.result import SweepResult
from core.text.numbers import signed
from core.text.words import bold, phrase

MOVED = 10
"""Heads in the table of those that moved most; the scatter has all."""


def panel(one: SweepResult, other: SweepResult, state: Session, look: Look) -> None:
    """The comparison in the chosen metric, or why the two cannot be compared."""
    with st.container(key="comparison"):
        metric = chosen_metric()
        metric_row(f"{metric.title}, in A and in B")
        try:
            found = compare(one, other, metric.field)
        except InputError as error:
            error_message(str(error))
            return
        _figures(found, one, other, metric, state, look)


def _figures(
    found: Comparison,
    one: SweepResult,
    other: SweepResult,
    metric: Metric,
    state: Session,
    look: Look,
) -> None:
    names = (RunName("A", _caption(one, found)), RunName("B", _caption(other, found)))
    alt = comparison_alt(found, metric, names)
    maps = comparison_maps(found, metric, look, state.selection.head, names=names)
    head_chart(maps, "comparison_maps", alt, state)
    _provenance(one, other)
    scatter, words = st.columns([0.85, 1], gap="large")
    with scatter:
        figure = comparison_scatter(found, metric, look, state.selection.head, names=names)
        head_chart(figure, "comparison_scatter", alt, state)
    with words:
        st.html(_said(found))
        _moved(found, metric)
        st.html(_differs(found))


def _caption(result: SweepResult, found: Comparison) -> str:
    """What tells a run from the other, in a few words."""
    fields = [each.field for each in found.differs]
    spec = result.spec
    if "prompt" in fields or not fields:
        return spec.prompt
    texts = {
        "model": spec.model,
        "model_fingerprint": f"weights {result.provenance.model_fingerprint[:8]}",
        "ablation": spec.ablation.label,
    }
    return " · ".join(texts[field] for field in fields if field in texts) or spec.in_words()


def _provenance(one: SweepResult, other: SweepResult) -> None:
    for name, result in (("A", one), ("B", other)):
        st.html(quiet_html(phrase(bold(name), " ", provenance_words(result))))


def _said(found: Comparison) -> str:
    def number(value: float | None) -> str:
        return (
            "not defined (one run gives every head the same value)"
            if value is None
            else signed(value, 2)
        )

    most = max(map(len, found.strongest))
    shared = ", ".join(head.label for head in found.shared) or "none"
    return (
        '<div class="hs-findings"><p>Rank correlation of the heads (Spearman): '
        f"<b>{number(found.signed_correlation)}</b> with their sign, "
        f"<b>{number(found.size_correlation)}</b> by size alone.</p>"
        f"<p>Among the {most} strongest of both: {len(found.shared)} "
        f"({shared}); two lists drawn at random share {found.shared_by_chance:.1f} on average.</p>"
        "</div>"
    )


def _moved(found: Comparison, metric: Metric) -> None:
    st.html('<p class="hs-subtitle">Heads that moved most</p>')
    rows = found.moved[:MOVED]
    unit = metric.unit
    names = (RunName("A"), RunName("B"))
    frame = pd.DataFrame(
        {
            "head": [each.head.label for each in rows],
            f"A, {unit}": [each.one * metric.factor for each in rows],
            f"B, {unit}": [each.other * metric.factor for each in rows],
            f"{difference_of(names)}, {unit}": [each.difference * metric.factor for each in rows],
        }
    )
    digits = f"%.{metric.digits}f"
    st.dataframe(
        frame,
        hide_index=True,
        key="moved",
        height="content",
        column_config={
            name: st.column_config.NumberColumn(format=digits) for name in frame.columns[1:]
        },
    )


def _differs(found: Comparison) -> str:
    rows = "".join(
        f"<tr><th>{as_html(each.name)}</th><td>{as_html(_cut(each.one))}</td>"
        f"<td>{as_html(_cut(each.other))}</td></tr>"
        for each in found.differs
    )
    table = (
        '<p class="hs-subtitle">What differs between the runs</p>'
        f'<table class="hs-differs"><tr><th></th><th>A</th><th>B</th></tr>{rows}</table>'
        if rows
        else ""
    )
    caveats = "".join(f"<li>{as_html(said)}</li>" for said in found.caveats)
    return f'{table}<div class="hs-findings"><ul>{caveats}</ul></div>'


def _cut(text: str) -> str:
    return text if len(text) <= 200 else f"{text[:199]}…"

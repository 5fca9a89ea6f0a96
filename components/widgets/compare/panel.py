"""What two runs have in common and what not: maps, a scatter, the heads that moved most."""

import pandas as pd
import streamlit as st
from markupsafe import Markup

from components.figures.base.look import Look
from components.figures.comparison import A_AND_B, RunName, comparison_alt, difference_of
from components.figures.comparison_maps import comparison_maps
from components.figures.comparison_scatter import comparison_scatter
from components.state import Session
from components.widgets.head.context import head_chart, subtitle
from components.widgets.page.html import show_html
from components.widgets.page.messages import error_message
from components.widgets.page.metric_row import metric_row, shown_metric
from components.widgets.page.number_table import number_table, with_sign, without_sign
from components.words.markup import fill, joined_html, quiet_html, words_html
from core.errors import InputError
from core.results.captions import provenance_words
from core.results.comparison import Comparison, compare
from core.results.comparison_words import (
    DIFFERS,
    MOVED,
    NAMES,
    compared_words,
    comparison_words,
    run_words,
)
from core.results.metrics import Metric
from core.results.result import SweepResult
from core.text.words import bold, phrase, plain

LISTED = 10
"""Heads in the table of those that moved most; the scatter has all."""


def panel(one: SweepResult, other: SweepResult, state: Session, look: Look) -> None:
    """The comparison in the chosen metric, or why the two cannot be compared."""
    with st.container(key="comparison"):
        metric = shown_metric(one, other)
        metric_row(compared_words(metric), one, other)
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
    names = (
        RunName(NAMES[0], plain(run_words(one, found.differs))),
        RunName(NAMES[1], plain(run_words(other, found.differs))),
    )
    alt = comparison_alt(found, metric, names)
    maps = comparison_maps(found, metric, look, state.selection.head, names=names)
    head_chart(maps, "comparison_maps", alt, state)
    _provenance(one, other)
    scatter, words = st.columns([0.85, 1], gap="large")
    with scatter:
        figure = comparison_scatter(found, metric, look, state.selection.head, names=names)
        head_chart(figure, "comparison_scatter", alt, state)
    with words:
        said = map(words_html, comparison_words(found))
        body = joined_html(fill("<p>{}</p>", each) for each in said)
        show_html(fill('<div class="hs-findings">{}</div>', body))
        _moved(found, metric)
        show_html(_differs(found))


def _provenance(one: SweepResult, other: SweepResult) -> None:
    for name, result in zip(NAMES, (one, other), strict=True):
        show_html(quiet_html(phrase(bold(name), " ", provenance_words(result))))


def _moved(found: Comparison, metric: Metric) -> None:
    subtitle(MOVED)
    rows = found.moved[:LISTED]
    unit = metric.unit
    a, b = NAMES
    frame = pd.DataFrame(
        {
            "head": [each.head.label for each in rows],
            f"{a}, {unit}": [each.one * metric.factor for each in rows],
            f"{b}, {unit}": [each.other * metric.factor for each in rows],
            f"{difference_of(A_AND_B)}, {unit}": [each.difference * metric.factor for each in rows],
        }
    )
    written = with_sign(metric.digits) if metric.signed else without_sign(metric.digits)
    last = frame.columns[-1]  # a difference has a sign, whatever its two sides are
    st.dataframe(
        number_table(
            frame, dict.fromkeys(frame.columns[1:], written) | {last: with_sign(metric.digits)}
        ),
        hide_index=True,
        key="moved",
        height="content",
    )


def _differs(found: Comparison) -> Markup:
    rows = joined_html(
        fill(
            "<tr><th>{}</th><td>{}</td><td>{}</td></tr>",
            each.name,
            _cut(each.one),
            _cut(each.other),
        )
        for each in found.differs
    )
    table = fill(
        '<p class="hs-subtitle">{}</p><table class="hs-differs">'
        "<tr><th></th><th>{}</th><th>{}</th></tr>{}</table>",
        words_html(DIFFERS),
        *NAMES,
        rows,
    )
    caveats = joined_html(fill("<li>{}</li>", said) for said in found.caveats)
    listed = fill('<div class="hs-findings"><ul>{}</ul></div>', caveats)
    return table + listed if rows else listed


def _cut(text: str) -> str:
    return text if len(text) <= 200 else f"{text[:199]}…"

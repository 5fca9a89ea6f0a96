"""Every head as a sortable table: the heatmap for the keyboard and for screen readers."""

import pandas as pd
import streamlit as st
from streamlit.elements.lib.column_types import ColumnConfig

from components.state import Session
from components.state.selection import Selection
from core.prompts.tokens import visible_text
from core.results.leading import opening
from core.results.metrics import METRICS, Metric
from core.results.result import HeadEffect, SweepResult
from core.text.numbers import percent


def ranking_table(result: SweepResult, metric: Metric, state: Session) -> None:
    """Heads by the size of their effect in the chosen metric; a row selects its head.

    Arrow keys move through the table and select as they go; a column's header sorts by it.
    """
    measured = [each for each in METRICS if each.measures(result)]
    shown = metric if metric in measured else opening(result).metric
    effects = result.ranked(shown.field)
    frame = pd.DataFrame(
        {
            "head": [e.address.label for e in effects],
            "P after, %": [100 * e.prob for e in effects],
            **{_column(each): [each.value(e) for e in effects] for each in measured},
            "rank": [e.rank for e in effects],
            "then likeliest": [_likeliest(e) for e in effects],
        }
    )
    with st.container(key="ranking"):
        st.dataframe(
            frame,
            key=_key(state.selection),
            hide_index=True,
            on_select=_selected,
            selection_mode=["single-row", "single-cell"],
            column_config={
                "P after, %": st.column_config.NumberColumn(format="%.1f"),
                **{_column(each): _format(each) for each in measured},
            },
            height=min(38 + 35 * len(frame), 430),
        )
    st.session_state["ranking_heads"] = [e.address for e in effects]


def _column(metric: Metric) -> str:
    return f"{metric.column}, {metric.unit}"


def _format(metric: Metric) -> ColumnConfig:
    sign = "+" if metric.signed else ""
    return st.column_config.NumberColumn(help=metric.meaning, format=f"%{sign}.{metric.digits}f")


def _likeliest(effect: HeadEffect) -> str:
    text, prob = effect.top[0]
    return f"{visible_text(text)} {percent(prob, 0)}"


def _key(selection: Selection) -> str:
    return f"ranking-{selection.clicks}"


def _selected() -> None:
    from components.state import session

    selection = session().selection
    event = st.session_state.get(_key(selection))
    if event is None:
        return
    rows = list(event.selection.rows) + [cell[0] for cell in event.selection.cells]
    heads = st.session_state.get("ranking_heads", [])
    # The table keeps its key, and so the focus: arrow keys go on through its rows.
    if not rows:
        selection.choose(None, renew=False)
    elif rows[0] < len(heads):
        selection.choose(heads[rows[0]], renew=False)

"""Every head as a sortable table: the heatmap for the keyboard and for screen readers."""

import pandas as pd
import streamlit as st
from streamlit.elements.lib.column_types import ColumnConfig

from components.state import Effects, Session, value
from components.state.selection import Selection
from components.widgets.sweep.extra import extra_format, extra_heading, extra_values
from core.circuits.extra_columns import BY_NAME
from core.prompts.tokens import visible_text
from core.results.effects import Effect
from core.results.layer_effects import LayerEffects
from core.results.leading import opening
from core.results.metrics import METRICS, Metric
from core.results.table_rows import Rows, ranked, table_rows
from core.text.numbers import percent

_ROW_WORDS = {Rows.HEADS: "Heads", Rows.LAYERS: "Layers and MLPs", Rows.ALL: "All"}


def ranking_table(effects: Effects, metric: Metric, state: Session) -> None:
    """Heads by the size of their effect in the chosen metric; a row selects its head.

    Arrow keys move through the table and select as they go; a column's header sorts by it. Whole
    layers and MLPs are rows too where they are asked for: they select nothing. Columns that were
    asked for stand first, where a narrow table shows them.
    """
    result = effects.result
    measured = [each for each in METRICS if each.measures(result)]
    shown = metric if metric in measured else opening(result).metric
    with st.container(horizontal=True, vertical_alignment="center"):
        which = _rows_choice(effects.layer_effects)
        chosen = _columns_choice()
    extra = extra_values(result, chosen, state)
    rows = ranked(table_rows(result, effects.layer_effects, which), shown.field)
    frame = pd.DataFrame(
        {
            "part" if which.has_layers else "head": [row.label for row in rows],
            "P after, %": [100 * row.effect.prob for row in rows],
            **{
                extra_heading(each): [extra.value(each, r.head) for r in rows]
                for each in extra.measured
            },
            **{_column(each): [each.value(row.effect) for row in rows] for each in measured},
            "rank": [row.effect.rank for row in rows],
            "then likeliest": [_likeliest(row.effect) for row in rows],
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
                **{extra_heading(each): extra_format(each) for each in extra.measured},
            },
            height=min(38 + 35 * len(frame), 430),
        )
    st.session_state["ranking_heads"] = [row.head for row in rows]


def _rows_choice(layer_effects: LayerEffects | None) -> Rows:
    """Heads, layers or both; nothing is asked where layers are not measured."""
    if layer_effects is None:
        return Rows.HEADS
    st.segmented_control(
        "Rows",
        [each.value for each in Rows],
        key="rows",
        required=True,
        label_visibility="collapsed",
        format_func=lambda name: _ROW_WORDS[Rows(name)],
    )
    return Rows(value("rows"))


def _columns_choice() -> tuple[str, ...]:
    """The names of the extra columns that are asked for."""
    st.multiselect(
        "More columns",
        list(BY_NAME),
        key="columns",
        placeholder="More columns",
        label_visibility="collapsed",
        format_func=lambda name: BY_NAME[name].title,
    )
    asked = value("columns") or ()
    return tuple(name for name in BY_NAME if name in asked)


def _column(metric: Metric) -> str:
    return f"{metric.column}, {metric.unit}"


def _format(metric: Metric) -> ColumnConfig:
    sign = "+" if metric.signed else ""
    return st.column_config.NumberColumn(help=metric.meaning, format=f"%{sign}.{metric.digits}f")


def _likeliest(effect: Effect) -> str:
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

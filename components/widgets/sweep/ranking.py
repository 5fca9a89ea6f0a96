"""Every head as a sortable table: the heatmap for the keyboard and for screen readers."""

import pandas as pd
import streamlit as st
from streamlit.elements.lib.column_types import ColumnConfig

from components.state import Effects, Session, value
from components.state.selection import Selection
from components.widgets.page.clicks import chosen_row
from components.widgets.page.messages import note
from components.widgets.page.number_table import number_table, without_sign
from components.widgets.sweep.extra import extra_heading, extra_help, extra_values
from core.circuits.extra_columns import BY_NAME
from core.prompts.tokens import visible_text
from core.results.effects import Effect
from core.results.leading import opening
from core.results.metrics import METRICS, Metric
from core.results.table_rows import Rows, ranked, table_rows
from core.text.numbers import percent

_ROW_WORDS = {Rows.HEADS: "Heads", Rows.LAYERS: "Layers and MLPs", Rows.ALL: "All"}


def ranking_table(effects: Effects, metric: Metric, state: Session) -> None:
    """Heads by the size of their effect in the chosen metric; a row selects its head.

    Arrow keys move through the table and select as they go; a column's header sorts by it. Whole
    layers and MLPs are rows too where they are asked for: they select nothing. The metric that
    sorts stands first and says so, columns that were asked for after it, where a narrow table
    shows them.
    """
    result = effects.result
    measured = [each for each in METRICS if each.measures(result)]
    shown = metric if metric in measured else opening(result).metric
    others = [each for each in measured if each is not shown]
    which = _rows_choice(effects)
    chosen = _columns_choice()
    extra = extra_values(result, chosen, state)
    rows = ranked(table_rows(result, effects.layer_effects, which), shown.field)
    frame = pd.DataFrame(
        {
            "part" if which.has_layers else "head": [row.label for row in rows],
            _sorting(shown): [shown.value(row.effect) for row in rows],
            **{
                extra_heading(each): [extra.value(each, r.head) for r in rows]
                for each in extra.measured
            },
            "P after, %": [100 * row.effect.prob for row in rows],
            **{_column(each): [each.value(row.effect) for row in rows] for each in others},
            "rank": [row.effect.rank for row in rows],
            "then likeliest": [_likeliest(row.effect) for row in rows],
        }
    )
    with st.container(key="ranking"):
        st.dataframe(
            number_table(
                frame,
                {
                    "P after, %": without_sign(1),
                    _sorting(shown): shown.text,
                    **{_column(each): each.text for each in others},
                    **{extra_heading(each): each.text for each in extra.measured},
                },
            ),
            key=_key(state.selection),
            hide_index=True,
            on_select=_selected,
            selection_mode=["single-row", "single-cell"],
            column_config={
                _sorting(shown): _help(shown, "The rows are sorted by its size, either sign. "),
                **{_column(each): _help(each) for each in others},
                **{extra_heading(each): extra_help(each) for each in extra.measured},
            },
            height=min(38 + 35 * len(frame), 430),
            placeholder="–",
        )
    st.session_state["ranking_heads"] = [row.head for row in rows]


def _rows_choice(effects: Effects) -> Rows:
    """Heads, layers or both; nothing is asked where layers are not measured."""
    layer_effects = effects.layer_effects
    if layer_effects is None:
        return Rows.HEADS
    no_mlps = all(each is None for each in layer_effects.mlp)
    words = {**_ROW_WORDS, Rows.LAYERS: "Layers"} if no_mlps else _ROW_WORDS
    st.segmented_control(
        "Rows",
        [each.value for each in Rows],
        key="rows",
        required=True,
        label_visibility="collapsed",
        format_func=lambda name: words[Rows(name)],
        on_change=_other_rows,
    )
    if no_mlps and Rows(value("rows")).has_layers:
        why = effects.result.spec.ablation.traits.no_mlps
        note(f"No rows of MLPs. {why or 'Those of this model could not be reached'}.")
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


def _sorting(metric: Metric) -> str:
    """The heading of the column that the rows are sorted by."""
    return f"{_column(metric)} ↓ by size" if metric.signed else f"{_column(metric)} ↓"


def _help(metric: Metric, about: str = "") -> ColumnConfig:
    return st.column_config.NumberColumn(help=about + metric.meaning)


def _likeliest(effect: Effect) -> str:
    text, prob = effect.top[0]
    return f"{visible_text(text)} {percent(prob, 0)}"


def _key(selection: Selection) -> str:
    return f"ranking-{selection.tables}"


def _selected() -> None:
    from components.state import session

    state = session()
    row, heads = chosen_row(_key(state.selection)), st.session_state.get("ranking_heads", [])
    # The table keeps its key, and so the focus: arrow keys go on through its rows.
    if row is None:
        state.selection.choose(None, by_row=True)
    elif row < len(heads) and heads[row] is None:  # a whole layer: nothing of a head changes
        state.selection.mark_row()
    elif row < len(heads):
        state.selection.choose(heads[row], by_row=True)


def _other_rows() -> None:
    """The mark was on a row by its place, at which another one comes to stand."""
    from components.state import session

    session().selection.renew_ranking()

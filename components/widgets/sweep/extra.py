"""Extra columns of the ranking: measured when asked for, with progress and a way to stop."""

import streamlit as st
from streamlit.elements.lib.column_types import ColumnConfig

from components.state import Session, live_for, outdated
from components.widgets.page.messages import note
from components.widgets.page.task_result import task_result
from core.circuits.extra_columns import BY_NAME, ExtraColumn, ExtraValues
from core.circuits.tasks import MeasureExtraColumns
from core.results.result import SweepResult


def extra_values(result: SweepResult, names: tuple[str, ...], state: Session) -> ExtraValues:
    """The columns of those names, as far as they are measured; says why others are not there."""
    if not names:
        return ExtraValues()
    if why := _not_now(result, state):
        note(why)
        return ExtraValues()
    found = task_result(state, "columns", MeasureExtraColumns(result.spec, names))
    if not isinstance(found, ExtraValues):
        return ExtraValues()
    for name, missing in found.unavailable.items():
        note(f"{BY_NAME[name].title}: {missing}")
    return found


def extra_heading(column: ExtraColumn) -> str:
    """What stands above a column."""
    return f"{column.title}, {column.unit}" if column.unit else column.title


def extra_help(column: ExtraColumn) -> ColumnConfig:
    """How a column's numbers are computed, as its help."""
    return st.column_config.NumberColumn(help=column.how)


def _not_now(result: SweepResult, state: Session) -> str:
    """Why nothing can be measured at this moment; "" if it can."""
    if not result.complete:
        return "More columns appear when the sweep is finished."
    if state.models.is_untrusted(result.spec.model) or live_for(result.spec) is None:
        return "More columns need the model, which is not loaded yet: see Model above."
    if state.sweep.result is not None and outdated(state.sweep.result):
        return "The model’s files have changed since this sweep: sweep again for more columns."
    return ""

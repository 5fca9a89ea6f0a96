"""A sweep with what was measured beside it, as the command line writes it: JSON and CSV.

The JSON is the contract's object with a key more for each part that was asked for. The CSV has the
contract's columns; a row of a whole layer has no head.
"""

from collections.abc import Sequence
from typing import Any

from core.circuits.extra_columns import ExtraValues
from core.results.layer_effects import LayerEffects
from core.results.result import COLUMNS, SweepResult
from core.results.table_rows import Row
from core.text.csv_form import csv_text


def table_dict(
    result: SweepResult,
    layer_effects: LayerEffects | None = None,
    extra: ExtraValues | None = None,
) -> dict[str, Any]:
    """Plain JSON types: the contract's object, and what else was asked for.

    `margins` are layer effects, as an export has them; `columns` are extra columns.
    """
    margins = {} if layer_effects is None else {"margins": layer_effects.to_dict()}
    columns = {} if extra is None else {"columns": extra.to_dict()}
    return {**result.to_dict(), **margins, **columns}


def table_csv(rows: Sequence[Row], extra: ExtraValues | None = None) -> str:
    """One line a row: the contract's columns, then the extra ones under their names.

    `top` is a JSON list in its cell. A cell without a value is empty.
    """
    extra = extra or ExtraValues()
    names = [column.name for column in extra.columns]
    return csv_text((*COLUMNS, *names), (_cells(row, extra) for row in rows))


def _cells(row: Row, extra: ExtraValues) -> dict[str, Any]:
    head = "" if row.head is None else row.head.head
    where = {"layer": row.layer, "head": head, "label": row.label}
    added = {column.name: extra.value(column, row.head) for column in extra.columns}
    return {**row.effect.to_dict(), **where, **added}

"""A sweep with what was measured beside it, as the command line writes it: JSON and CSV.

The JSON is the contract's object with a key more for each part that was asked for. The CSV has the
contract's columns; a row of a whole layer has no head.
"""

import csv
import io
import json
from collections.abc import Sequence
from typing import Any

from core.results.layer_effects import LayerEffects
from core.results.result import COLUMNS, SweepResult
from core.results.table_rows import Row


def table_dict(result: SweepResult, layer_effects: LayerEffects | None = None) -> dict[str, Any]:
    """Plain JSON types: the contract's object, and `margins` where layers were asked for."""
    margins = {} if layer_effects is None else {"margins": layer_effects.to_dict()}
    return {**result.to_dict(), **margins}


def table_csv(rows: Sequence[Row]) -> str:
    """One line a row, the contract's columns; `top` is a JSON list in its cell."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        values = row.effect.to_dict()
        head = "" if row.head is None else row.head.head
        where = {"layer": row.layer, "head": head, "label": row.label}
        top = json.dumps(values["top"], ensure_ascii=False)
        writer.writerow({**values, **where, "top": top})
    return text.getvalue()

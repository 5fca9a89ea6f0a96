"""CSV that every reader takes apart alike, and in which no spreadsheet finds a formula."""

import csv
import io
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

_FORMULA = re.compile(r"\s*[=+\-@＝＋－＠]|[\t\r\n]")
"""How a cell begins that a spreadsheet may run: OWASP, "CSV Injection"."""


def csv_text(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> str:
    """One line a row under the columns' names.

    A text that a spreadsheet would take for a formula has an apostrophe in front, which
    spreadsheets hide; numbers are as they are. Lists are JSON in their cell, None is empty.
    """
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _cell(value) for name, value in row.items()} for row in rows)
    return text.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, list | tuple):
        value = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, str):
        return value
    # The csv module quotes no lone carriage return, which readers take for the end of a row.
    value = value.replace("\r", "\\r")
    return f"'{value}" if _FORMULA.match(value) else value

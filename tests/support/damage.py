"""One database in which every cell of a row is damaged in every way, each in a row of its own."""

import sqlite3
from contextlib import closing
from pathlib import Path

import psycopg

from core.demo.example import saved, saved_layer_effects
from core.store.run import Label
from core.store.store import Store
from core.store.tables import RUNS

HUGE = 200_000
"""Characters of a text that no Headsweep has written."""
SQLITE = {
    "nothing": "NULL",
    "an empty blob": "x''",
    "bytes": "x'ff00'",
    "no UTF-8": "CAST(x'ff' AS TEXT)",
    "half a character": "CAST(x'eda080' AS TEXT)",
    "an empty text": "''",
    "a word": "'z'",
    "a NUL": "'a' || char(0) || 'b'",
    "no character": "char(65534)",
    "a time of 1e20": "1e20",
    "endless": "9e999",
    "negative": "-1",
    "zero": "0",
    "large": "1 << 62",
    "a half": "1.5",
    "huge": f"printf('%.*c', {HUGE}, 'a')",
    "deep": "printf('%.*c', 20000, '[')",
    "another form": "'[[1], {\"a\": null}]'",
    "another's bytes": "x'789cabae0500017500f9'",
    "markup": "'<img src=x onerror=alert(1)>'",
}
"""A cell of SQLite's may hold anything, whatever its column is said to hold."""
_NUMBERS = ("NULL", "-1", "0", "1")
_TEXTS = ("NULL", "''", "'z'", "chr(65534)", f"repeat('a', {HUGE})", "'[[1], {\"a\": null}]'",
          "'<img src=x onerror=alert(1)>'")  # fmt: skip
_BYTES = ("NULL", "''", "'\\xff00'", "'\\x789cabae0500017500f9'", "'\\x00'")
_FLOATS = (*_NUMBERS, "1e20", "'NaN'", "'Infinity'", "'-Infinity'")
_WHOLE = (*_NUMBERS, "2147483647", "-2147483648")
_UNBOUND = ("id", "identity", "origin", "spec_key", "fingerprint", "ablation", "family")


def damaged_rows(url: str) -> tuple[str, dict[str, tuple[str, str]]]:
    """Make a whole run and its damaged copies; the run's id, and column and cell by copy's id.

    A copy whose id is itself damaged is told by the name that it had.
    """
    store = Store(url)
    whole = store.keep(saved(), saved_layer_effects(), Label("a title", "a note", ("tag",)))
    store.close()
    is_sqlite = url.startswith("sqlite")
    cells = _sqlite_cells() if is_sqlite else _postgresql_cells()
    copies = {f"c{n:011x}": cell for n, cell in enumerate(cells)}
    if is_sqlite:
        with closing(sqlite3.connect(Path(url.removeprefix("sqlite:///")))) as raw:
            # A copy of the table has no constraint: what is NULL or there twice is damage too.
            raw.execute("CREATE TABLE loose AS SELECT * FROM runs")
            raw.execute("DROP TABLE runs")
            raw.execute("ALTER TABLE loose RENAME TO runs")
            _copy(raw, whole, copies)
            raw.commit()
    else:
        with psycopg.connect(url) as server:
            server.execute("CREATE TABLE loose AS SELECT * FROM runs")
            server.execute("DROP TABLE runs")
            server.execute("ALTER TABLE loose RENAME TO runs")
            for name in _UNBOUND:
                server.execute(f"ALTER TABLE runs ALTER COLUMN {name} TYPE text")
            _copy(server, whole, copies)
    return whole, copies


def _copy(database, whole: str, copies: dict[str, tuple[str, str]]) -> None:
    names = [column.name for column in RUNS.c]
    for copy, (column, cell) in copies.items():
        values = {**{name: name for name in names}, "id": f"'{copy}'", "identity": f"'{copy}'"}
        values[column] = cell
        database.execute(
            f"INSERT INTO runs ({', '.join(values)}) "
            f"SELECT {', '.join(values.values())} FROM runs WHERE id = '{whole}'"
        )


def _sqlite_cells() -> list[tuple[str, str]]:
    return [(column.name, cell) for column in RUNS.c for cell in SQLITE.values()]


def _postgresql_cells() -> list[tuple[str, str]]:
    kinds = {"FLOAT": _FLOATS, "INTEGER": _WHOLE, "BLOB": _BYTES}
    return [
        (column.name, cell)
        for column in RUNS.c
        for cell in kinds.get(str(column.type).partition("(")[0], _TEXTS)
    ]

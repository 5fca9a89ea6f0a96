"""Putting a row where it belongs: into an empty place, or into that of one that is damaged.

What can be read stays as it is, and another Headsweep's is not touched.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from core.errors import PlaceTakenError, StoreError
from core.store import rows
from core.store.result_kinds import ResultKind, kind_of
from core.store.run import Label
from core.store.tables import RUNS

Row = Mapping[str, Any]

_SAID_BY_IDENTITY = (
    "id",
    "identity",
    "origin",
    "spec_key",
    "fingerprint",
    "model",
    "ablation",
    "n_layers",
    "n_heads",
)
"""Columns that are the same in every row of one result."""


def put_row(
    connection: sa.Connection, kind: ResultKind[Any, Any], row: Row, searched: Iterable[str]
) -> None:
    """Put a result's row into the database; `searched` is what a search finds it by.

    One that is there already stays as it is, and comes back if it was deleted. A damaged one is
    replaced, and keeps what can be read of its label. Raises a `PlaceTakenError` where what is
    there is of another kind, of a newer version, or another result.
    """
    is_sqlite = connection.dialect.name == "sqlite"
    insert = sqlite.insert(RUNS) if is_sqlite else postgresql.insert(RUNS)
    # Of every key, not of one: of two who insert the same run at once in PostgreSQL, the second
    # could trip over the other key.
    adding = insert.values(row).on_conflict_do_nothing()
    if connection.execute(adding, execution_options={"preserve_rowcount": True}).rowcount > 0:
        return
    same = sa.or_(RUNS.c.identity == row["identity"], RUNS.c.id == row["id"])
    for found in connection.execute(sa.select(RUNS).where(same)).all():
        there = dict(found._mapping)
        values: Row = {"deleted": None, "created": row["created"]}
        if _is_damaged(kind, there, row):
            label = rows.label_left(there)
            said = {} if label == Label() else rows.label_columns(label, searched)
            values = {**row, **said}
        elif there["deleted"] is None:
            return
        ours = same, RUNS.c.family == kind.family
        connection.execute(sa.update(RUNS).where(*ours).values(**values))


def _is_damaged(kind: ResultKind[Any, Any], there: Row, row: Row) -> bool:
    """Whether a row of this kind can be replaced; raises `PlaceTakenError` for another's."""
    if there["family"] != kind.family or _is_newer(kind, there):
        try:
            kind_of(there)
        except StoreError as error:  # this version does not know it
            raise PlaceTakenError(
                f"{error} This result is not kept: export it to have it later."
            ) from error
        raise _other(there, f"a {there['family']}")
    try:
        kind.line(there)
        value = kind.read(there)
        with rows.reading(there):
            origin = rows.origin_of(there)
            rows.label_of(there)
            rows.moment_of(there, "created")
    except StoreError:
        return True
    own = kind.columns(value, origin)["identity"]
    if own == there["identity"] != row["identity"]:
        raise _other(there, "another one")
    return any(there[name] != row[name] for name in _SAID_BY_IDENTITY)


def _is_newer(kind: ResultKind[Any, Any], there: Row) -> bool:
    version = there["schema_version"]  # in a damaged cell of SQLite's anything may lie
    return isinstance(version, int) and version > kind.version


def _other(there: Row, what: str) -> PlaceTakenError:
    return PlaceTakenError(
        f"The name {there['id']} is taken by {what}, which is left as it is: this result is not "
        "kept. Delete the other one, or export this one."
    )

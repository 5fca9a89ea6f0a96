"""What the store asks of its table: one result, a list of them, what a list can be narrowed to.

`runs` is the table, or for a store that only reads the columns that the database has.
"""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from core.spec.spec import SweepSpec
from core.store import rows
from core.store.conditions import live, of_kind
from core.store.result_kinds import PREDICTIONS, SWEEPS, ResultKind
from core.store.run import Origin
from core.store.sweeps import spec_key

SHORTEST_PREFIX = 4
"""Characters of an id that can stand for all of it."""

_NOT_LISTED = ("result", "margins", "haystack")


def listed(runs: sa.FromClause) -> sa.Select[Any]:
    """The columns that a list needs: no result is unpacked for it."""
    return sa.select(*(column for column in runs.c if column.name not in _NOT_LISTED))


def computed(runs: sa.FromClause, spec: SweepSpec, fingerprint: str | None) -> sa.Select[Any]:
    """The newest computed sweep of a resolved spec; without a fingerprint, on any model."""
    wanted = sa.select(runs).where(
        runs.c.spec_key == spec_key(spec),
        runs.c.origin == Origin.COMPUTED.value,
        live(runs),
        of_kind(runs, SWEEPS),
    )
    if fingerprint is not None:
        wanted = wanted.where(runs.c.fingerprint == fingerprint)
    return wanted.order_by(runs.c.created.desc()).limit(1)


def row_named(
    connection: sa.Connection,
    runs: sa.FromClause,
    kind: ResultKind[Any, Any],
    name: str,
    *,
    deleted: bool = False,
) -> Mapping[str, Any] | None:
    """The row of a whole id, of any kind; or of the beginning of an id, if one alone has it."""
    name = rows.storable(name)
    row = connection.execute(sa.select(runs).where(runs.c.id == name)).first()
    if row is None and len(name) >= SHORTEST_PREFIX:
        like = runs.c.id.startswith(name), live(runs, deleted=deleted), of_kind(runs, kind)
        found = connection.execute(sa.select(runs).where(*like).limit(2)).all()
        row = found[0] if len(found) == 1 else None
    return None if row is None else dict(row._mapping)


def filter_choices(
    connection: sa.Connection, runs: sa.FromClause
) -> tuple[list[str], list[str], list[str]]:
    """The models, kinds of ablation and tags of what is listed and not deleted."""
    listed_kinds = sa.or_(of_kind(runs, SWEEPS), of_kind(runs, PREDICTIONS))
    shown = live(runs), listed_kinds
    models, kinds = (
        [
            found
            for found in connection.scalars(
                sa.select(column).where(*shown).distinct().order_by(column)
            )
            if isinstance(found, str)  # a damaged cell may hold anything
        ]
        for column in (runs.c.model, runs.c.ablation)
    )
    lists = connection.scalars(sa.select(runs.c.tags).where(*shown).distinct())
    return models, kinds, sorted({tag for each in lists for tag in rows.tags_of(each)})

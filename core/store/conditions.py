"""Which rows a query finds, as conditions on a table of results."""

import json
from typing import Any

import sqlalchemy as sa

from core.store.result_kinds import KINDS, ResultKind
from core.store.rows import storable
from core.store.run import Query

LONGEST_SEARCH = 1_000
"""Characters of a search that are looked at: databases take no endless conditions."""

Condition = sa.ColumnElement[bool]


def live(runs: sa.FromClause, *, deleted: bool = False) -> Condition:
    """Those that are not deleted, or those that are."""
    return runs.c.deleted.is_not(None) if deleted else runs.c.deleted.is_(None)


def of_kind(runs: sa.FromClause, kind: ResultKind[Any, Any]) -> Condition:
    """Those of a kind that this version can read."""
    return sa.and_(runs.c.family == kind.family, runs.c.schema_version <= kind.version)


def of_no_kind(runs: sa.FromClause) -> Condition:
    """Those that this version does not know: another kind, or a newer form of a known one."""
    return sa.not_(sa.or_(*(of_kind(runs, kind) for kind in KINDS.values())))


def conditions(runs: sa.FromClause, query: Query, *kinds: ResultKind[Any, Any]) -> list[Condition]:
    """Those of some kinds that a query finds."""
    is_one = sa.or_(*(of_kind(runs, kind) for kind in kinds))
    found: list[Condition] = [live(runs, deleted=query.deleted), is_one]
    words = storable(query.text[:LONGEST_SEARCH]).casefold().split()
    found += [runs.c.haystack.contains(word, autoescape=True) for word in words]
    for column, value in ((runs.c.model, query.model), (runs.c.ablation, query.ablation)):
        if value is not None:
            found.append(column == storable(value))
    if query.shape is not None:
        found += [runs.c.n_layers == query.shape[0], runs.c.n_heads == query.shape[1]]
    if query.tag is not None:
        # Not LIKE, to which the upper and lower case of ASCII are one in SQLite.
        tag = json.dumps(query.tag)
        found.append(sa.func.replace(runs.c.tags, tag, "") != runs.c.tags)
    if query.only is not None:
        found.append(runs.c.id.in_(sorted(query.only)))
    return found

"""`Store`: finished runs in a database, SQLite or PostgreSQL by the same code (SQLAlchemy Core).

Every change is one transaction. A run is in the database whole or not at all, so that a process
killed at any instant loses no finished one and leaves no half one. Safe to use from many threads
and processes at once. Whatever a database throws becomes a `StoreError` with a sentence.
"""

import json
import logging
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from core.checkpoints import catalogue
from core.errors import StoreError
from core.results.layer_effects import LayerEffects
from core.results.result import SweepResult
from core.spec.spec import SweepSpec
from core.store import rows
from core.store.connect import open_engine
from core.store.errors import store_errors
from core.store.run import Label, Origin, Query, Run, Summary
from core.store.tables import RUNS

DAYS_DELETED = 7
"""Days for which a deleted run can be had back."""
SHORTEST_PREFIX = 4
LONGEST_SEARCH = 1_000
"""Characters of a search that are looked at: databases take no endless conditions."""

_LISTED = [c for c in RUNS.c if c.name not in ("result", "margins", "haystack")]

_log = logging.getLogger(__name__)


class Store:
    """The runs of one database. `read_only` refuses every change."""

    def __init__(self, url: str, *, read_only: bool = False) -> None:
        self.read_only = read_only
        self._engine = open_engine(url, read_only=read_only)
        if not read_only:
            self._purge()

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    def keep(
        self,
        result: SweepResult,
        layer_effects: LayerEffects | None = None,
        label: Label | None = None,
        origin: Origin = Origin.COMPUTED,
        created: float | None = None,
    ) -> str:
        """Put a finished run into the database; returns its id.

        One that is there already stays as it is, with its label; a deleted one comes back.
        """
        if not result.complete:
            raise ValueError("Only a finished run is kept.")
        row = rows.to_row(
            result, layer_effects, label or Label(), origin, now() if created is None else created
        )
        is_sqlite = self._engine.dialect.name == "sqlite"
        insert = sqlite.insert(RUNS) if is_sqlite else postgresql.insert(RUNS)
        # Of every key, not of one: of two who insert the same run at once in PostgreSQL, the
        # second could trip over the other key.
        added = insert.values(row).on_conflict_do_nothing()
        deleted = RUNS.c.identity == row["identity"], RUNS.c.deleted.is_not(None)
        back = sa.update(RUNS).where(*deleted).values(deleted=None, created=row["created"])
        with self._writing() as connection:
            connection.execute(added)
            connection.execute(back)
        return str(row["id"])

    def add_layer_effects(self, run_id: str, layer_effects: LayerEffects) -> None:
        """Put a run's layer effects beside it; they are measured after the run is finished."""
        self._update([run_id], layer_effects=rows.packed_layer_effects(layer_effects))

    def find(self, spec: SweepSpec, fingerprint: str | None = None) -> Run | None:
        """The computed run of a spec: on the model of that fingerprint, or else the newest.

        Where BOS is open it is the catalogue's; None where that leaves it to the model itself.
        """
        bos = spec.prepend_bos
        if bos is None:
            bos = catalogue.default_prepend_bos(spec.model)
        if bos is None:
            return None
        wanted = sa.select(RUNS).where(
            RUNS.c.spec_key == rows.spec_key(spec.resolved(prepend_bos=bos)),
            RUNS.c.origin == Origin.COMPUTED.value,
            RUNS.c.deleted.is_(None),
        )
        if fingerprint is not None:
            wanted = wanted.where(RUNS.c.fingerprint == fingerprint)
        with self._reading() as connection:
            row = connection.execute(wanted.order_by(RUNS.c.created.desc()).limit(1)).first()
        return None if row is None else rows.run_of(dict(row._mapping))

    def get(self, run_id: str, *, deleted: bool = False) -> Run | None:
        """A run by its whole id, deleted or not, or by the beginning of it.

        The beginning must be that of one run alone, among the `deleted` or the others.
        """
        if not (run_id.isascii() and run_id.isalnum()):
            return None
        with self._reading() as connection:
            row = connection.execute(sa.select(RUNS).where(RUNS.c.id == run_id)).first()
            if row is None and len(run_id) >= SHORTEST_PREFIX:
                like = sa.select(RUNS).where(RUNS.c.id.startswith(run_id), _live(deleted=deleted))
                found = connection.execute(like.limit(2)).all()
                row = found[0] if len(found) == 1 else None
        return None if row is None else rows.run_of(dict(row._mapping))

    def summary(self, run_id: str) -> Summary | None:
        """A run as a list shows it, by its whole id: no result is unpacked for it."""
        with self._reading() as connection:
            row = connection.execute(sa.select(*_LISTED).where(RUNS.c.id == run_id)).first()
        return None if row is None else rows.summary_of(dict(row._mapping))

    def listed(self, query: Query | None = None, first: int = 0, most: int = 50) -> list[Summary]:
        """Runs that a query finds, the newest first; one whose row is damaged is left out."""
        wanted = sa.select(*_LISTED).where(*_conditions(query or Query()))
        ordered = wanted.order_by(RUNS.c.created.desc(), RUNS.c.id).offset(first).limit(most)
        with self._reading() as connection:
            found = [dict(row._mapping) for row in connection.execute(ordered)]
        runs = []
        for row in found:
            try:
                runs.append(rows.summary_of(row))
            except StoreError as error:
                _log.error("%s", error)
        return runs

    def count(self, query: Query | None = None) -> int:
        """How many runs a query finds."""
        wanted = sa.select(sa.func.count()).select_from(RUNS).where(*_conditions(query or Query()))
        with self._reading() as connection:
            return int(connection.scalar(wanted) or 0)

    def seen(self) -> tuple[list[str], list[str], list[str]]:
        """The models, kinds and tags of the runs: what a list can be narrowed to."""
        live = _live(deleted=False)
        with self._reading() as connection:
            models, kinds = (
                list(connection.scalars(sa.select(column).where(live).distinct().order_by(column)))
                for column in (RUNS.c.model, RUNS.c.ablation)
            )
            lists = connection.scalars(sa.select(RUNS.c.tags).where(live).distinct())
            tags = sorted({tag for each in lists for tag in rows.tags_of(each)})
        return models, kinds, tags

    def relabel(self, run_id: str, label: Label) -> None:
        """Give a run another title, note and tags."""
        run = self.get(run_id)
        if run is None:
            raise StoreError(f"There is no run {run_id[:20]!r} any more.")
        self._update([run.id], **rows.label_columns(label, run.spec))

    def delete(self, ids: Collection[str]) -> None:
        """Take runs out of sight; `restore` brings them back within `DAYS_DELETED` days."""
        self._update(ids, deleted=now())
        self._purge()  # a server may go on for months

    def restore(self, ids: Collection[str]) -> None:
        """Undo `delete`."""
        self._update(ids, deleted=None)

    def _update(self, ids: Collection[str], **values: object) -> None:
        with self._writing() as connection:
            connection.execute(sa.update(RUNS).where(RUNS.c.id.in_(list(ids))).values(**values))

    def _purge(self) -> None:
        old = now() - DAYS_DELETED * 24 * 3600
        with self._reading() as connection:  # mostly there are none, and a reader waits for nobody
            if connection.scalar(sa.select(RUNS.c.id).where(RUNS.c.deleted < old).limit(1)) is None:
                return
        with self._writing() as connection:
            connection.execute(sa.delete(RUNS).where(RUNS.c.deleted < old))

    @contextmanager
    def _reading(self) -> Iterator[sa.Connection]:
        with store_errors(self._engine), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[sa.Connection]:
        if self.read_only:
            raise StoreError("This Headsweep is read-only: nothing is kept, renamed or deleted.")
        with store_errors(self._engine), self._engine.connect() as connection:
            connection = connection.execution_options(writes=True)
            with connection.begin():
                yield connection


def _live(*, deleted: bool) -> sa.ColumnElement[bool]:
    return RUNS.c.deleted.is_not(None) if deleted else RUNS.c.deleted.is_(None)


def _conditions(query: Query) -> list[sa.ColumnElement[bool]]:
    found = [_live(deleted=query.deleted)]
    words = rows.storable(query.text[:LONGEST_SEARCH]).casefold().split()
    found += [RUNS.c.haystack.contains(word, autoescape=True) for word in words]
    for column, value in ((RUNS.c.model, query.model), (RUNS.c.ablation, query.ablation)):
        if value is not None:
            found.append(column == value)
    if query.shape is not None:
        found += [RUNS.c.n_layers == query.shape[0], RUNS.c.n_heads == query.shape[1]]
    if query.tag is not None:
        # Not LIKE, to which the upper and lower case of ASCII are one in SQLite.
        tag = json.dumps(query.tag)
        found.append(sa.func.replace(RUNS.c.tags, tag, "") != RUNS.c.tags)
    if query.only is not None:
        found.append(RUNS.c.id.in_(sorted(query.only)))
    return found


def now() -> float:
    """Seconds since 1970, UTC."""
    return time.time()

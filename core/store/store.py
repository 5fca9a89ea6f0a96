"""`Store`: finished results in a database, SQLite or PostgreSQL by the same code (SQLAlchemy Core).

Every change is one transaction. A result is in the database whole or not at all, so that a process
killed at any instant loses no finished one and leaves no half one. Safe to use from many threads
and processes at once. Whatever a database throws becomes a `StoreError` with a sentence.
"""

import logging
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import sqlalchemy as sa

from core.checkpoints import catalogue
from core.errors import StoreError
from core.results.layer_effects import LayerEffects
from core.results.prediction import Looked
from core.results.result import SweepResult
from core.spec.spec import SweepSpec
from core.store import rows, seen
from core.store.conditions import conditions, live, of_kind, of_no_kind
from core.store.connect import open_engine
from core.store.errors import store_errors
from core.store.putting import put_row
from core.store.queries import computed, filter_choices, listed, row_named
from core.store.result_kinds import PREDICTIONS, SWEEPS, ResultKind, kind_of
from core.store.run import Kept, Label, Origin, Page, Query, Run, Summary, Swept
from core.store.tables import RUNS, VERSION, runs_of
from core.store.versions import version_in

_MOST_LOGGED = 200
DAYS_DELETED = 7
"""Days for which a deleted run can be had back."""

Value = TypeVar("Value")
Line = TypeVar("Line")

_log = logging.getLogger(__name__)


class Store:
    """The results of one database. `read_only` refuses every change.

    Those of any kind are kept by `put` and had by `read` and `page`; `keep`, `get` and `listed`
    are the same for sweeps.
    """

    def __init__(self, url: str, *, read_only: bool = False) -> None:
        self.read_only = read_only
        self._logged: set[str] = set()
        self._engine = open_engine(url, read_only=read_only)
        self._runs: sa.FromClause = RUNS
        if read_only:
            with store_errors(self._engine):
                self._runs = runs_of(version_in(self._engine) or VERSION)
        else:
            self._purge()

    @property
    def stands_in(self) -> bool:
        """Whether there was no database to read: this one is empty, and somebody may make it."""
        return self._engine.dialect.name == "sqlite" and self._engine.url.database is None

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    def put(
        self,
        kind: ResultKind[Value, Any],
        value: Value,
        label: Label | None = None,
        origin: Origin = Origin.COMPUTED,
        created: float | None = None,
    ) -> str:
        """Put a finished result into the database; returns its id.

        One that is there already stays as it is, with its label; a deleted one comes back; a
        damaged one is replaced. Raises `StoreError` where another Headsweep's is in its place.
        """
        columns = {
            **kind.columns(value, origin),
            "family": kind.family,
            "schema_version": kind.version,
        }
        at = rows.storable_moment(now() if created is None else created)
        searched = kind.searched(value)
        row = rows.to_row(columns, label or Label(), searched, origin, at)
        with self._writing() as connection:
            put_row(connection, kind, row, searched)
        return str(row["id"])

    def keep(
        self,
        result: SweepResult,
        layer_effects: LayerEffects | None = None,
        label: Label | None = None,
        origin: Origin = Origin.COMPUTED,
        created: float | None = None,
    ) -> str:
        """`put` for a sweep."""
        if not result.complete:
            raise ValueError("Only a finished run is kept.")
        return self.put(SWEEPS, Swept(result, layer_effects), label, origin, created)

    def add_layer_effects(self, run_id: str, layer_effects: LayerEffects) -> None:
        """Put a run's layer effects beside it; they are measured after the run is finished."""
        self._update([run_id], margins=rows.packed(layer_effects.to_dict()))

    def change(
        self, kind: ResultKind[Value, Any], run_id: str, changed: Callable[[Value], Value]
    ) -> Value | None:
        """Put another value in a result's place; returns it. None where it is gone, or deleted.

        What two change at once is changed by one after the other.
        """
        wanted = sa.select(RUNS).where(RUNS.c.id == run_id, live(RUNS), of_kind(RUNS, kind))
        with self._writing() as connection:
            row = connection.execute(wanted.with_for_update()).first()
            if row is None:
                return None
            there = _kept(kind, dict(row._mapping))
            value = changed(there.value)
            told = kind.columns(value, there.origin)
            columns = {name: told[name] for name in ("summary", "result")}
            columns["schema_version"] = kind.version
            connection.execute(sa.update(RUNS).where(RUNS.c.id == run_id).values(**columns))
        return value

    def seen_by(self, browser: str) -> dict[str, Looked]:
        """What a browser has seen of which questions, both by their digests (`core.store.seen`)."""
        with self._reading() as connection:
            return seen.seen_by(connection, browser, now())

    def mark_seen(self, browser: str, questions: Mapping[str, Looked]) -> None:
        """Note what a browser has seen, all by digests."""
        with self._writing() as connection:
            seen.mark(connection, browser, questions, rows.storable_moment(now()))

    def find(self, spec: SweepSpec, fingerprint: str | None = None) -> Run | None:
        """The computed run of a spec: on the model of that fingerprint, or else the newest.

        Where BOS is open it is the catalogue's; None where that leaves it to the model itself, and
        for a run that compared answers of different lengths as wholes: today's number is another.
        """
        bos = spec.prepend_bos
        if bos is None:
            bos = catalogue.default_prepend_bos(spec.model)
        if bos is None:
            return None
        wanted = computed(self._runs, spec.resolved(prepend_bos=bos), fingerprint)
        with self._reading() as connection:
            row = connection.execute(wanted).first()
        run = None if row is None else _run(_kept(SWEEPS, dict(row._mapping)))
        return None if run is None or run.result.compares_whole_answers else run

    def read(
        self, kind: ResultKind[Value, Any], name: str, *, deleted: bool = False
    ) -> Kept[Value] | None:
        """A result by its whole id, deleted or not, or by the beginning of it.

        The beginning must be that of one alone of its kind, among the `deleted` or the others. To a
        store that only reads, what is deleted is gone: who sees it is the writer's business.
        Raises `StoreError` for one of another kind, or of a newer version than this one reads.
        """
        row = self._row_of(kind, name, deleted=deleted)
        return None if row is None else _kept(kind, row)

    def get(self, run_id: str, *, deleted: bool = False) -> Run | None:
        """`read` for a sweep."""
        found = self.read(SWEEPS, run_id, deleted=deleted)
        return None if found is None else _run(found)

    def whole_id(self, name: str, *, deleted: bool = False) -> str | None:
        """The id of the sweep or prediction of a name: nothing of it is unpacked.

        The beginning of an id names a sweep, or else a prediction.
        """
        for kind in (SWEEPS, PREDICTIONS):
            row = self._row(kind, name, deleted=deleted)
            if row is not None and kind_of(row) in (SWEEPS, PREDICTIONS):
                return str(row["id"])
        return None

    def _row_of(
        self, kind: ResultKind[Any, Any], name: str, *, deleted: bool
    ) -> Mapping[str, Any] | None:
        row = self._row(kind, name, deleted=deleted)
        if row is not None and kind_of(row).family != kind.family:
            raise StoreError(f"{row['id']} is a {row['family']}: it cannot be opened here.")
        return row

    def _row(
        self, kind: ResultKind[Any, Any], name: str, *, deleted: bool = False
    ) -> Mapping[str, Any] | None:
        if not (name.isascii() and name.isalnum()):
            return None
        with self._reading() as connection:
            row = row_named(connection, self._runs, kind, name, deleted=deleted)
        gone = self.read_only and row is not None and row["deleted"] is not None
        return None if gone else row

    def summary(self, run_id: str) -> Summary | None:
        """A run as a list shows it, by its whole id: no result is unpacked for it."""
        wanted = listed(self._runs).where(self._runs.c.id == run_id, of_kind(self._runs, SWEEPS))
        if self.read_only:
            wanted = wanted.where(live(self._runs))
        with self._reading() as connection:
            row = connection.execute(wanted).first()
        return None if row is None else SWEEPS.line(dict(row._mapping))

    def page(
        self,
        kind: ResultKind[Any, Line],
        query: Query | None = None,
        first: int = 0,
        most: int = 50,
    ) -> Page[Line]:
        """The results of a kind that a query finds, the newest first, each row read by itself."""
        return self.mixed((kind,), query, first, most)

    def mixed(
        self,
        kinds: Sequence[ResultKind[Any, Any]],
        query: Query | None = None,
        first: int = 0,
        most: int = 50,
    ) -> Page[Any]:
        """`page` for several kinds in one list, each line of its own kind."""
        runs, by_family = self._runs, {kind.family: kind for kind in kinds}
        wanted = listed(runs).where(*conditions(runs, query or Query(), *kinds))
        ordered = wanted.order_by(runs.c.created.desc(), runs.c.id).offset(first).limit(most)
        with self._reading() as connection:
            found = [dict(row._mapping) for row in connection.execute(ordered)]
        lines, damaged = [], []
        for row in found:
            try:
                lines.append(by_family[row["family"]].line(row))
            except StoreError as error:
                damaged.append(
                    error.said if isinstance(error, rows.DamagedRowError) else str(error)
                )
                self._log_once(str(error))
        return Page(tuple(lines), tuple(damaged))

    def lines(
        self,
        kind: ResultKind[Any, Line],
        query: Query | None = None,
        first: int = 0,
        most: int = 50,
    ) -> list[Line]:
        """Those of a `page` that can be read."""
        return list(self.page(kind, query, first, most).lines)

    def listed(self, query: Query | None = None, first: int = 0, most: int = 50) -> list[Summary]:
        """`lines` for sweeps."""
        return self.lines(SWEEPS, query, first, most)

    def _log_once(self, said: str) -> None:
        """A page that is open asks again and again: a log is no place to repeat one's answer."""
        if said not in self._logged and len(self._logged) < _MOST_LOGGED:
            self._logged.add(said)
            _log.error("%s", said)

    def count(self, query: Query | None = None, *kinds: ResultKind[Any, Any]) -> int:
        """How many results of some kinds a query finds; of sweeps where none is named."""
        return self._count(*conditions(self._runs, query or Query(), *(kinds or (SWEEPS,))))

    def n_unknown(self) -> int:
        """How many results there are of kinds, or of newer versions, that this one does not know.

        They are neither listed nor opened nor changed; a newer Headsweep shows them.
        """
        return self._count(live(self._runs), of_no_kind(self._runs))

    def _count(self, *conditions: sa.ColumnElement[bool]) -> int:
        wanted = sa.select(sa.func.count()).select_from(self._runs).where(*conditions)
        with self._reading() as connection:
            return int(connection.scalar(wanted) or 0)

    def filter_choices(self) -> tuple[list[str], list[str], list[str]]:
        """The models, kinds of ablation and tags of the runs: what a list can be narrowed to."""
        with self._reading() as connection:
            return filter_choices(connection, self._runs)

    def relabel(self, run_id: str, label: Label) -> None:
        """Give a result of any kind another title, note and tags."""
        row = self._row(SWEEPS, run_id)
        if row is None:
            raise StoreError(f"There is no run {run_id[:20]!r} any more.")
        kind = kind_of(row)
        self._update([row["id"]], **rows.label_columns(label, kind.searched(kind.read(row))))

    def delete(self, ids: Collection[str]) -> None:
        """Take runs out of sight; `restore` brings them back within `DAYS_DELETED` days."""
        self._update(ids, deleted=rows.storable_moment(now()))
        self._purge()  # a server may go on for months

    def restore(self, ids: Collection[str]) -> None:
        """Undo `delete`."""
        self._update(ids, deleted=None)

    def _update(self, ids: Collection[str], **values: object) -> None:
        """Change rows of the kinds that this version knows; all others stay as they are."""
        ours = sa.and_(RUNS.c.id.in_(list(ids)), sa.not_(of_no_kind(RUNS)))
        with self._writing() as connection:
            connection.execute(sa.update(RUNS).where(ours).values(**values))

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


def _kept(kind: ResultKind[Value, Any], row: Mapping[str, Any]) -> Kept[Value]:
    with rows.reading(row):
        return Kept(
            rows.text_of(row, "id"),
            rows.origin_of(row),
            rows.moment_of(row, "created"),
            rows.label_of(row),
            kind.read(row),
            None if row["deleted"] is None else rows.moment_of(row, "deleted"),
        )


def _run(kept: Kept[Swept]) -> Run:
    swept = kept.value
    return Run(kept.id, kept.origin, kept.created, kept.label, swept.result, swept.layer_effects)


def now() -> float:
    """Seconds since 1970, UTC."""
    return time.time()

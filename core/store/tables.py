"""The tables: every kept result, what browsers have seen, and which version a database has."""

from sqlalchemy import (
    Column,
    Dialect,
    Float,
    FromClause,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    literal,
    select,
)

from core.spec.identity import FAMILY

VERSION = 3
"""Raised with every change of the tables, with a migration from the one before
(`core.store.migrations`); a database with a larger one is left alone."""

METADATA = MetaData()


class _Bytes(LargeBinary):
    """Bytes as the database gives them: what else lies in a damaged cell of SQLite's, too.

    SQLAlchemy would raise while it fetches, and so for all rows at once.
    """

    cache_ok = True

    def result_processor(self, dialect: Dialect, coltype: object) -> None:
        """None: nothing is converted."""


ABOUT = Table(
    "headsweep",
    METADATA,
    Column("name", String(32), primary_key=True),
    Column("value", Text, nullable=False),
)
"""One row: the schema's version. Every Headsweep that ever was reads it before anything else."""

RUNS = Table(
    "runs",
    METADATA,
    Column("id", String(12), primary_key=True),
    # What makes it the same run as another: the result's key, or the digest of an imported file.
    Column("identity", String(80), nullable=False, unique=True),
    Column("origin", String(16), nullable=False),
    Column("spec_key", String(64), nullable=False),
    Column("fingerprint", String(64), nullable=False),
    # Seconds since 1970, UTC: both databases keep a number the same way.
    Column("created", Float(53), nullable=False),
    Column("deleted", Float(53)),
    Column("title", Text, nullable=False, default=""),
    Column("notes", Text, nullable=False, default=""),
    Column("tags", Text, nullable=False, default="[]"),
    Column("model", Text, nullable=False),
    Column("ablation", String(32), nullable=False),
    Column("n_layers", Integer, nullable=False),
    Column("n_heads", Integer, nullable=False),
    # What a list shows of a run, as JSON, so that listing unpacks no result.
    Column("summary", Text, nullable=False),
    # Everything that a search looks through, case folded: the two databases fold differently.
    Column("haystack", Text, nullable=False),
    # The json contract, compressed; a run of GPT-2's shape is 60 kB.
    Column("result", _Bytes, nullable=False),
    Column("margins", _Bytes),
    # What kind of result it is, and the version of that kind's form. With defaults in the database
    # too: a server of version 1 that still runs goes on keeping sweeps.
    Column(
        "family",
        String(64),
        nullable=False,
        server_default=FAMILY,
        info={"since": 2, "before": FAMILY},
    ),
    Column(
        "schema_version",
        Integer,
        nullable=False,
        server_default="1",
        info={"since": 2, "before": 1},
    ),
    Index("runs_by_spec", "spec_key", "fingerprint"),
    Index("runs_by_time", "created"),
)


SEEN = Table(
    "seen",
    METADATA,
    # Digests of a browser's random id, and of the same with a question: neither is to be read here.
    Column("browser", String(64), primary_key=True),
    Column("question", String(64), primary_key=True),
    Column("looked", String(16), nullable=False),
    Column("at", Float(53), nullable=False),
    Index("seen_by_time", "at"),
)
"""Which questions' effects a browser has had on screen (`core.store.seen`), since version 3."""


def runs_of(version: int) -> FromClause:
    """The runs in a database of an older version, as this one reads them, without a change to it.

    What that version lacks has the value that a migration would give it.
    """
    if version == VERSION:
        return RUNS
    columns = [
        column
        if column.info.get("since", 1) <= version
        else literal(column.info["before"], column.type).label(column.name)
        for column in RUNS.c
    ]
    return select(*columns).subquery("as_now")

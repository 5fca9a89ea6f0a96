"""The two tables: every finished run, and which version of this schema a database has."""

from sqlalchemy import (
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)

VERSION = 1
"""Raised with every change of the tables; a database with a larger one is left alone."""

METADATA = MetaData()

ABOUT = Table(
    "headsweep",
    METADATA,
    Column("name", String(32), primary_key=True),
    Column("value", Text, nullable=False),
)
"""One row: the schema's version."""

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
    Column("result", LargeBinary, nullable=False),
    Column("margins", LargeBinary),
    Index("runs_by_spec", "spec_key", "fingerprint"),
    Index("runs_by_time", "created"),
)

"""Migrations of the database, one a version: each leads to it from the version before (Alembic).

`core.store.tables` says what the tables are now, and new databases are made from that; a migration
says how they came to be so, in words of its own, and is never edited once a version is released.
There is no way back: the copy of the file is (`core.store.backup`).
"""

import threading
from pathlib import Path

import sqlalchemy as sa

from core.store.tables import VERSION

FOLDER = Path(__file__).parent
"""Of `env.py`, which Alembic runs, and of `versions/`."""
NOTES = "headsweep_migrations"
"""Alembic's own table. Named apart: another program in the same database may use Alembic too."""
_FIRST = 1
"""The version that migrations begin at."""

_turn = threading.Lock()
"""Alembic's context is one for the whole process."""


def upgrade(connection: sa.Connection, found: int) -> None:
    """Bring the tables from version `found` to this one, in the transaction under way.

    What Alembic has noted is written anew first: the version that counts is the one in `ABOUT`.
    """
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.attributes["connection"] = connection
    with _turn:
        command.stamp(config, "base" if found == _FIRST else str(found), purge=True)
        command.upgrade(config, str(VERSION))

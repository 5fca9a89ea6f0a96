"""Version 2: results of several kinds, each with the name and version of its form."""

import sqlalchemy as sa
from alembic import op

revision = "2"
down_revision = None


def upgrade() -> None:
    """What is there are sweeps, in the first version of their form."""
    there = {column["name"] for column in sa.inspect(op.get_bind()).get_columns("runs")}
    for column in (
        sa.Column("family", sa.String(64), nullable=False, server_default="headsweep.sweep"),
        sa.Column("schema_version", sa.Integer, nullable=False, server_default="1"),
    ):
        if column.name not in there:  # somebody may have begun by hand
            op.add_column("runs", column)

"""Version 2: results of several kinds, each with the name and version of its form."""

import sqlalchemy as sa
from alembic import op

revision = "2"
down_revision = None


def upgrade() -> None:
    """What is there are sweeps, in the first version of their form."""
    op.add_column(
        "runs",
        sa.Column("family", sa.String(64), nullable=False, server_default="headsweep.sweep"),
    )
    op.add_column(
        "runs", sa.Column("schema_version", sa.Integer, nullable=False, server_default="1")
    )

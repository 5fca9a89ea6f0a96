"""Version 3: which questions' effects a browser has had on screen."""

import sqlalchemy as sa
from alembic import op

revision = "3"
down_revision = "2"


def upgrade() -> None:
    """Nobody has seen anything yet, as far as this table knows."""
    if "seen" in sa.inspect(op.get_bind()).get_table_names():  # somebody may have begun by hand
        return
    op.create_table(
        "seen",
        sa.Column("browser", sa.String(64), primary_key=True),
        sa.Column("question", sa.String(64), primary_key=True),
        sa.Column("looked", sa.String(16), nullable=False),
        sa.Column("at", sa.Float(53), nullable=False),
    )
    op.create_index("seen_by_time", "seen", ["at"])

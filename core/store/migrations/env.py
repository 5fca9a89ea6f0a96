"""What Alembic runs: the migrations, in the transaction of the connection that it is given."""

from alembic import context

from core.store.migrations import NOTES

context.configure(connection=context.config.attributes["connection"], version_table=NOTES)
with context.begin_transaction():
    context.run_migrations()

"""A database on a PostgreSQL server: an engine whose every wait has an end.

For the server and the network the driver has one; a lock's the server has. Neither helps where the
server itself stands still (stopped, swapping, a disk that hangs): its system goes on confirming
what it is sent. So an answer is not waited for without an end either.
"""

import time
from collections.abc import Generator
from typing import Any

import psycopg
import sqlalchemy as sa
from sqlalchemy.engine import URL

ANSWER_SECONDS = 12.0
"""How long an answer may take: three times the longest wait for a lock."""


def engine(url: URL, wait: float) -> sa.Engine:
    """An engine that waits so many seconds for a connection and for another's lock."""
    seconds = int(wait)
    made = sa.create_engine(
        url,
        pool_pre_ping=True,
        connect_args={"connect_timeout": seconds, "tcp_user_timeout": 1000 * seconds},
    )

    @sa.event.listens_for(made, "do_connect")
    def connecting(_: Any, __: Any, given: Any, named: Any) -> Any:
        return _Impatient.connect(*given, **named)

    @sa.event.listens_for(made, "connect")
    def connected(connection: Any, _: Any) -> None:
        connection.execute(f"SET lock_timeout = '{seconds}s'")
        connection.commit()

    return made


def be_patient(connection: sa.Connection) -> None:
    """Let this connection wait for answers as long as they take: tables are changed."""
    used = connection.connection.driver_connection
    if isinstance(used, _Impatient):
        used.patience = None


class _Impatient(psycopg.Connection[Any]):
    """A connection that is given up where its server does not answer in time."""

    patience: float | None = None

    @classmethod
    def connect(cls, *given: Any, **named: Any) -> "_Impatient":
        """Connect; the driver has its own end for that."""
        made = super().connect(*given, **named)
        made.patience = ANSWER_SECONDS
        return made

    def wait(self, gen: Any, *given: Any, **named: Any) -> Any:
        """Wait for an answer, which psycopg asks for by a generator; no longer than `patience`."""
        if self.patience is None:
            return super().wait(gen, *given, **named)
        return super().wait(self._in_time(gen, self.patience), *given, **named)

    def _in_time(self, gen: Any, seconds: float) -> Generator[Any, Any, Any]:
        until = time.monotonic() + seconds
        try:
            asked = next(gen)
            while True:
                ready = yield asked
                if not ready and time.monotonic() > until:
                    self.close()  # a transaction's end would be waited for in vain too
                    raise psycopg.OperationalError(f"timeout: no answer within {seconds:g} s")
                asked = gen.send(ready)
        except StopIteration as end:
            return end.value

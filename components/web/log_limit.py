"""A repeated message in the log once a second, with how many there were.

Where descriptors run out, the server's loop says so thousands of times a second: a hundred
megabytes in half a minute, which fill a disk on top.
"""

import logging
import time
from collections import defaultdict

SECONDS = 1.0
"""Between two of the same message."""
_MOST = 500
"""Messages that are told apart; beyond them all begins anew."""
_LOGGERS = ("uvicorn", "asyncio", "streamlit", "starlette", "websockets", "components.web")


class OnceASecond(logging.Filter):
    """Lets one of a kind of records through a second; the next one says how many were left out.

    Of one kind are those of a logger, a level, a text before anything is filled in, and a class of
    exception.
    """

    def __init__(self) -> None:
        super().__init__()
        self._until: dict[tuple[object, ...], float] = {}
        self._left_out: defaultdict[tuple[object, ...], int] = defaultdict(int)

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to write a record."""
        raised = record.exc_info[0] if record.exc_info else None
        kind = record.name, record.levelno, str(record.msg)[:200], raised
        now = time.monotonic()
        if now < self._until.get(kind, 0.0):
            self._left_out[kind] += 1
            return False
        if len(self._until) >= _MOST:
            self._until.clear()
            self._left_out.clear()
        self._until[kind] = now + SECONDS
        if n_left_out := self._left_out.pop(kind, 0):
            record.msg = f"{record.getMessage()} (and {n_left_out:,} more like it before)"
            record.args = ()
        return True


def limit_logs() -> None:
    """From now on the server's loggers write the same once a second."""
    limit = OnceASecond()
    known = [name for name in logging.root.manager.loggerDict if name.startswith(_LOGGERS)]
    for name in {*_LOGGERS, "uvicorn.error", "uvicorn.asgi", *known}:
        logging.getLogger(name).addFilter(limit)

"""A repeated message in the log once a second, and then once a minute, with how many there were.

Where descriptors run out, the server's loop says so thousands of times a second: a hundred
megabytes in half a minute, which fill a disk on top. Whoever sends nonsense for days does it too.
"""

import logging
import time
from collections import defaultdict

SECONDS, LONG_SECONDS = 1.0, 60.0
"""Between two of the same message, and between two of one that goes on and on."""
_OFTEN = 10
"""Times that it is written before it does."""
_LONGEST = 2_000
"""Characters of one message."""
_MOST = 500
"""Messages that are told apart; beyond them all begins anew."""
_LOGGERS = ("uvicorn", "asyncio", "streamlit", "starlette", "websockets", "components.web")


class OnceASecond(logging.Filter):
    """Lets one of a kind of records through a second; the next one says how many were left out.

    Of one kind are those of a logger, a level, a text before anything is filled in, and a class of
    exception. Where a text comes filled in, by whoever liked to, its line in the program tells.
    A long one is cut.
    """

    def __init__(self) -> None:
        super().__init__()
        self._until: dict[tuple[object, ...], float] = {}
        self._left_out: defaultdict[tuple[object, ...], int] = defaultdict(int)
        self._in_a_row: defaultdict[tuple[object, ...], int] = defaultdict(int)

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to write a record."""
        raised = record.exc_info[0] if record.exc_info else None
        text = str(record.msg)[:200] if record.args else (record.pathname, record.lineno)
        kind = record.name, record.levelno, text, raised
        now = time.monotonic()
        if now < self._until.get(kind, 0.0):
            self._left_out[kind] += 1
            return False
        if len(self._until) >= _MOST:
            self._until.clear()
            self._left_out.clear()
            self._in_a_row.clear()
        said = record.getMessage()[:_LONGEST]
        if now > self._until.get(kind, now) + LONG_SECONDS:  # it was over
            self._in_a_row.pop(kind, None)
        if n_left_out := self._left_out.pop(kind, 0):
            said += f" (and {n_left_out:,} more like it before)"
            self._in_a_row[kind] += 1
        else:
            self._in_a_row.pop(kind, None)
        goes_on = self._in_a_row.get(kind, 0) >= _OFTEN
        self._until[kind] = now + (LONG_SECONDS if goes_on else SECONDS)
        record.msg, record.args = said, ()
        if record.exc_info and _is_gone(record.exc_info[1]):
            record.exc_info = None
        return True


def _is_gone(error: BaseException | None) -> bool:
    """Whether somebody has asked for a file that there is not, or no more: no fault of ours."""
    name = type(error).__name__  # to import Streamlit's would be too early here
    return error is not None and name == "MediaFileStorageError" and error.__cause__ is None


def limit_logs() -> None:
    """From now on the server's loggers write the same once a second, or a minute."""
    limit = OnceASecond()
    known = [name for name in logging.root.manager.loggerDict if name.startswith(_LOGGERS)]
    for name in {*_LOGGERS, "uvicorn.error", "uvicorn.asgi", *known}:
        logging.getLogger(name).addFilter(limit)

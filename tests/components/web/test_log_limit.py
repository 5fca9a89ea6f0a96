"""A message that comes thousands of times a second is written once, and counted."""

import logging
import sys

import pytest
from streamlit.runtime.media_file_storage import MediaFileStorageError

from components.web import log_limit
from components.web.log_limit import OnceASecond


@pytest.fixture
def log(monkeypatch):
    """A logger with the filter, what it has written, and a clock in the test's hands."""
    logger = logging.Logger("uvicorn.error")
    written, clock = [], [0.0]
    handler = logging.Handler()
    handler.emit = lambda record: written.append(record.getMessage())
    logger.addHandler(handler)
    logger.addFilter(OnceASecond())
    monkeypatch.setattr(log_limit.time, "monotonic", lambda: clock[0])
    return logger, written, clock


def test_a_repeated_message_is_written_once_a_second_and_counted(log):
    logger, written, clock = log
    for number in range(5000):
        logger.error("socket %d cannot be accepted", number)
    assert written == ["socket 0 cannot be accepted"]
    clock[0] = 1.1
    logger.error("socket %d cannot be accepted", 7)
    assert written[1:] == ["socket 7 cannot be accepted (and 4,999 more like it before)"]
    clock[0] = 2.2
    logger.error("socket %d cannot be accepted", 8)
    assert written[2:] == ["socket 8 cannot be accepted"]


def test_one_that_goes_on_and_on_is_written_once_a_minute(log):
    logger, written, clock = log
    for tenth in range(36_000):
        clock[0] = tenth / 10
        logger.error("socket %d cannot be accepted", tenth)
    assert 60 < len(written) < 75
    clock[0] += 3_600
    logger.error("socket %d cannot be accepted", 1)
    clock[0] += 1.1
    logger.error("socket %d cannot be accepted", 2)
    assert written[-1] == "socket 2 cannot be accepted"


def test_others_are_written_meanwhile(log):
    logger, written, _ = log
    for _ in range(2):
        logger.error("one")
        logger.error("two")
        logger.warning("one")
        try:
            raise OSError(24, "Too many open files")
        except OSError:
            logger.exception("one")
    assert written == ["one", "two", "one", "one"]


def test_a_text_that_somebody_has_written_into_is_of_one_kind_and_cut(log):
    logger, written, _ = log
    for number in range(5000):
        logger.error(f"{'x' * 1_000_000 if number == 0 else ''} 100 % {number}")
    assert len(written) == 1
    assert len(written[0]) == 2_000


def test_a_file_that_is_gone_is_no_traceback(log):
    logger, _, _ = log
    handler, told = logger.handlers[0], []
    handler.emit = lambda record: told.append(record.exc_info)
    for cause in (None, ValueError("an export that failed")):
        try:
            raise MediaFileStorageError("Deferred file x not found") from cause
        except MediaFileStorageError:
            logger.handle(
                logger.makeRecord(
                    "streamlit", logging.ERROR, "file", len(told), "said", (), sys.exc_info()
                )
            )
    assert told[0] is None
    assert told[1][1].__cause__.args == ("an export that failed",)


def test_no_number_of_kinds_fills_memory(log):
    logger, written, _ = log
    logger.filters[0].filter(logging.makeLogRecord({"msg": "first"}))
    for number in range(3000):
        logger.handle(logging.makeLogRecord({"msg": "one", "levelno": 40, "lineno": number}))
    assert len(written) == 3000
    assert len(logger.filters[0]._until) <= 500


def test_the_servers_loggers_have_it():
    names = "uvicorn.error", "asyncio", "streamlit.web.server.starlette.starlette_websocket"
    before = {name: list(logging.getLogger(name).filters) for name in names}
    log_limit.limit_logs()
    try:
        for name in names:
            added = [each for each in logging.getLogger(name).filters if each not in before[name]]
            assert [type(each) for each in added] == [OnceASecond]
    finally:
        for name in list(logging.root.manager.loggerDict):
            for each in list(logging.getLogger(name).filters):
                if isinstance(each, OnceASecond):
                    logging.getLogger(name).removeFilter(each)

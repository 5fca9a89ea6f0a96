"""A message that comes thousands of times a second is written once, and counted."""

import logging

import pytest

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


def test_no_number_of_kinds_fills_memory(log):
    logger, written, _ = log
    logger.filters[0].filter(logging.makeLogRecord({"msg": "first"}))
    for number in range(3000):
        logger.error(f"message {number}")
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

"""`headsweep serve` where nothing can be served: one line, code 2, no traceback."""

import socket

import pytest
from support.command_line import refused

from core.settings import settings


@pytest.fixture(autouse=True)
def own_settings(monkeypatch):
    """The command puts its options in the environment, for the dashboard to read."""
    for name, value in (("HEADSWEEP_ADDRESS", "localhost"), ("PORT", "8501")):
        monkeypatch.setenv(name, value)
    settings.cache_clear()
    yield
    settings.cache_clear()


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("300.1.1.1", "Port 8501 on 300.1.1.1 cannot be used ("),
        ("192.0.2.1", "on 192.0.2.1 cannot be used ("),  # of no machine (RFC 5737)
        ("no-such-host.invalid", "on no-such-host.invalid cannot be used ("),  # RFC 6761
        ("a..b", "on a..b cannot be used ("),
        ("x" * 64, " cannot be used ("),
        ("::99", "on ::99 cannot be used ("),
        ("", "--address is empty"),
        ("http://localhost", "write a host's name or IP"),
    ],
)
def test_an_address_that_is_none_of_this_machine(inside, address, said):
    assert said in refused(inside("serve", "--address", address))


def test_a_port_that_is_busy(inside):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        said = refused(inside("serve", "--address", "127.0.0.1", "--port", port))
    assert f"Port {port} on 127.0.0.1 cannot be used (" in said
    assert "try another port" in said


@pytest.mark.parametrize("port", ["0", "-1", "65536", "9" * 30, "http", "8501.5", ""])
def test_a_port_that_is_none(inside, port):
    assert "--port" in refused(inside("serve", "--port", port))


@pytest.mark.parametrize("port", ["0", "65536", "http"])
def test_a_port_of_the_environment_that_is_none(inside, monkeypatch, port):
    monkeypatch.setenv("PORT", port)
    assert f"PORT={port!r}" in refused(inside("serve"))

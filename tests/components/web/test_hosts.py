"""Under which names a server answers: its own, and those that its operator gives."""

import socket

import pytest

from components.web.hosts import allowed_hosts, host_name


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("localhost:8501", "localhost"), ("LOCALHOST", "localhost"), ("a.example.", "a.example"),
        ("127.0.0.1:80", "127.0.0.1"), ("[::1]:8501", "::1"), ("[::1]", "::1"),
    ],
)  # fmt: skip
def test_a_host_is_read_without_its_port(header, name):
    assert host_name(header) == name


@pytest.mark.parametrize(
    "header",
    ["", " ", "::1", "a b", "a@localhost", "localhost:", "localhost:x", "localhost/", "evil\\",
     "localhost:8501:1", "[localhost]", "localhost,evil", "ﬁ", "\0", "a" * 300, "localhost:123456"],
)  # fmt: skip
def test_what_is_no_host(header):
    assert host_name(header) is None


OWN = ("localhost", "127.0.0.1", "127.1.2.3", "::1")
FOREIGN = ("evil.example", "localhost.evil.example", "evillocalhost", "127.0.0.1.nip.io", "0x7f.1")


@pytest.mark.parametrize(
    ("address", "named", "more", "fewer"),
    [
        ("localhost", (), (), ("10.0.0.1", "lab.example")),
        ("10.0.0.1", (), ("10.0.0.1",), ("10.0.0.2",)),
        ("lab.example", (), ("lab.example",), ("x.lab.example", "10.0.0.1")),
        # An IP address cannot be let point elsewhere: any of the machine's may be meant.
        ("0.0.0.0", (), ("10.0.0.1", "fe80::1", socket.gethostname().lower()), ("lab.example",)),
        ("::", (), ("192.168.1.2", "2001:db8::1"), ("lab.example",)),
        ("localhost", ("Lab.Example.",), ("lab.example",), ("x.lab.example", "10.0.0.1")),
        ("localhost", ("*.lab.example",), ("a.lab.example", "a.b.lab.example"),
         ("lab.example", "xlab.example")),
    ],
)  # fmt: skip
def test_own_names_are_answered_and_no_others(address, named, more, fewer):
    is_allowed = allowed_hosts(address, named)
    for host in (*OWN, *more):
        assert is_allowed(host), host
    for host in (*FOREIGN, *fewer):
        assert not is_allowed(host), host


def test_a_star_is_every_name():
    assert all(map(allowed_hosts("localhost", ("*",)), (*OWN, *FOREIGN)))

"""Test whether a server can listen on an address and port."""

import socket


def bindable_port(address: str, port: int) -> int:
    """The port on which a server could listen at `address`; `port` 0 means any free port.

    The port is bound for a moment and released. Raises `OSError` if it cannot be bound.
    """
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((address, port))
        return int(probe.getsockname()[1])

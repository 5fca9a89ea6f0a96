"""Whether a server could listen somewhere, tried and let go again."""

import socket


def bound(address: str, port: int) -> int:
    """The port that a server could have on an address (0: any); an `OSError` where it could not."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((address, port))
        return int(probe.getsockname()[1])

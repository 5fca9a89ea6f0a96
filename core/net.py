"""What a server and whoever starts it both know: whether it can listen somewhere, when it ends."""

import socket

UNTIL_INPUT_ENDS = "--until-input-ends"
"""The argument that has a server end with its standard input. Held open by a pipe, that lasts as
long as the program that started it, however that ends."""


def bindable_port(address: str, port: int) -> int:
    """The port on which a server could listen at `address`; `port` 0 means any free port.

    The port is bound for a moment and released. Raises `OSError` if it cannot be bound.
    """
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((address, port))
        return int(probe.getsockname()[1])

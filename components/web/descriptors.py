"""How many connections the process can hold at once.

A session is four file descriptors: its connection, and three of the event loop that Streamlit gives
to the thread of its script. Systems give a process 1,024 unless it asks for more, and one
that has none left can neither answer nor open its database: so it asks, and takes no more
connections than leave enough for the rest.
"""

ENOUGH = 65_536
"""Descriptors; some systems call their highest number unlimited."""
RESERVED = 256
"""For the database, models, exports and the program itself."""
PER_CONNECTION = 4
"""Descriptors, as above."""
LEAST = 64
"""Connections, however few descriptors there are."""


def raise_limit() -> int:
    """Let the process open as many files as the system allows it; returns how many these are."""
    try:
        import resource
    except ImportError:  # Windows, which has no such limit
        return ENOUGH
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = ENOUGH if hard == resource.RLIM_INFINITY else min(hard, ENOUGH)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return ENOUGH if soft == resource.RLIM_INFINITY else soft
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    except (OSError, ValueError):  # macOS may allow fewer than it says
        return soft
    return wanted


def most_connections(descriptors: int) -> int:
    """How many connections to take at once."""
    return max(LEAST, (descriptors - RESERVED) // PER_CONNECTION)

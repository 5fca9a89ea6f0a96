"""What pytest-xdist starts as a worker's Python: a copy of the tests' template instead.

To import what others have written costs a worker seven seconds of processor, and more than twice
that in a fresh environment, where each would compile it too. The Makefile names this program to
pytest (`--tx`); with `-n` alone workers begin as ever.
"""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
os.environ.setdefault("OMP_NUM_THREADS", "1")  # what conftest.py gives a worker, before torch

from support import processes


def main() -> int:
    """Do as `python -u -c CODE` would; returns its exit code."""
    if sys.platform != "linux":  # whose processes can be copied, and whose sockets keep messages
        os.execv(sys.executable, [sys.executable, *sys.argv[1:]])  # a plain Python
    code = sys.argv[sys.argv.index("-c") + 1 :]
    return processes.start(("-c", *code), stdin=0, stdout=1, stderr=2, cwd=Path.cwd()).wait()


if __name__ == "__main__":
    sys.exit(main())

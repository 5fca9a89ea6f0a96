"""The limit of open files is raised as far as the system lets it, and bounds the connections."""

import subprocess
import sys
from pathlib import Path

import pytest

from components.web.descriptors import LEAST, most_connections

ROOT = Path(__file__).parents[3]
PROGRAM = """
import resource
resource.setrlimit(resource.RLIMIT_NOFILE, ({soft}, {hard}))
from components.web.descriptors import raise_limit
print(raise_limit(), resource.getrlimit(resource.RLIMIT_NOFILE)[0])
"""


@pytest.mark.slow
@pytest.mark.parametrize(("soft", "hard"), [(256, 1024), (900, 900)])
def test_as_many_as_the_system_allows(soft, hard):
    program = PROGRAM.format(soft=soft, hard=hard)
    said = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert said.split() == [str(hard)] * 2


def test_connections_leave_room_for_the_rest():
    assert most_connections(1024) == 192
    assert most_connections(65_536) == 16_320
    assert most_connections(10) == LEAST

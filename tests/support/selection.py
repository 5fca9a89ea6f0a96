"""Which tests are slow, and which must run in one process: told by what a test asks for.

`make test-fast` leaves out what is marked `SLOW`. "browser", "served", "postgres" and "matrix" are
marked here; "slow" stands at the test itself: it starts real processes or kernels, kills or waits,
or computes for more than a third of a second.
"""

from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
ROOT = TESTS.parent
SLOW = ("browser", "served", "postgres", "matrix", "slow")
SHARED = ("elsewhere", "held")
"""Servers that a run has once: what is tested on them stays in one process, and begins first."""
SERVED = ("browser/", "served/")
MODELS = "checkpoint"
"""The fixture that models of small checkpoints are loaded from, which takes a third of a second
each: the files of whoever asks for any stay in one process, where each is loaded once."""
HOSTILE = (
    "components/state/test_uploads.py", "components/state/test_widget_values.py",
    "components/web/", "components/widgets/page/test_clicks.py",
    "core/checkpoints/test_hostile_folders.py", "core/checkpoints/test_permitted.py",
    "core/cli/test_terminal.py", "core/exports/test_broken_files.py", "core/exports/test_data.py",
    "core/exports/test_links.py", "core/exports/test_rescue.py", "core/jobs/test_workers.py",
    "core/prompts/test_guard.py", "core/store/test_connect.py",
    "core/store/test_damaged_rows.py", "core/store/test_errors.py", "core/store/test_kill.py",
    "core/store/test_kill_server.py", "core/store/test_two_servers.py",
    "core/text/test_csv_form.py", "hostile/", "pages/test_damaged_history.py",
    "pages/test_links.py", "pages/test_markup_everywhere.py", "served/test_bad_input.py",
    "served/test_fast_clicks.py", "served/test_faults.py", "served/test_forged_widgets.py",
    "served/test_web_server.py",
)  # fmt: skip
"""Files of attacks; a test elsewhere is marked itself. `make test-hostile` runs them alone."""
FAST = pytest.StashKey[dict[Path, bool]]()
"""In the configuration: each collected file of tests, and whether a save runs any of it."""


def mark(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark the tests, and put those first that take longest: no process waits at the end."""
    fast = config.stash[FAST] = dict.fromkeys((item.path for item in items), False)
    of_models = {item.path for item in items if MODELS in _asked(item)}
    begun: set[str] = set()
    for item in items:
        test = item.nodeid.partition("[")[0]
        for name in _marks(item, is_first_case=test not in begun):
            item.add_marker(name)
        begun.add(test)
        item.add_marker(pytest.mark.xdist_group(_group(item, of_models)))
        fast[item.path] |= not any(item.get_closest_marker(name) for name in SLOW)
    items.sort(key=_turn)


def _group(item: pytest.Item, of_models: set[Path]) -> str:
    """Tests of one group run in one process: those on a server, those on models, else a file's."""
    file = _file(item.path)
    if shared := [name for name in SHARED if name in _asked(item)]:
        return shared[0]
    return MODELS if item.path in of_models and not file.startswith(SERVED) else file


@cache
def _file(path: Path) -> str:
    return path.relative_to(TESTS).as_posix()


def _marks(item: pytest.Item, *, is_first_case: bool) -> list[str]:
    given = item.callspec.params if hasattr(item, "callspec") else {}
    file = _file(item.path)
    found = {
        "browser": file.startswith("browser/") or "chrome" in _asked(item),
        "served": file.startswith("served/"),
        "postgres": "postgresql_server" in _asked(item) or given.get("url") == "postgresql",
        "matrix": not is_first_case,
        "hostile": file.startswith(HOSTILE),
    }
    return [name for name, holds in found.items() if holds]


def _asked(item: pytest.Item) -> list[str]:
    return list(getattr(item, "fixturenames", ()))


def _turn(item: pytest.Item) -> int:
    # Some single groups take a minute or more: begun last, all but one process would wait.
    order = [*SHARED, "browser", "served", MODELS, "test_shape_checks.py", "test_wheel.py"]
    marker = item.get_closest_marker("xdist_group")
    assert marker is not None
    name = marker.args[0].partition("/")[0]
    return order.index(name) if name in order else len(order)

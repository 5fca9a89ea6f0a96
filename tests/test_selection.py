"""`make test-fast` looks into every room, and what it leaves out is left out for a reason."""

import pytest
from support.selection import FAST, ROOT, SAMPLED, TESTS, THOROUGH


@pytest.fixture
def fast(pytestconfig):
    """Each collected file of tests, and whether a save runs any of it."""
    found = pytestconfig.stash[FAST]
    if missing := {*TESTS.rglob("test_*.py")} - {*found}:
        pytest.skip(f"only a part of the tests was collected, without {len(missing)} files")
    return found


def test_every_room_has_a_test_that_each_save_runs(fast):
    rooms = {path.parent.name for path in (ROOT / "core").glob("*/__init__.py")}
    within = (path.relative_to(TESTS) for path, is_fast in fast.items() if is_fast)
    assert rooms <= {path.parts[1] for path in within if path.parts[0] == "core"}


def test_whole_files_are_left_out_only_where_all_they_test_is_slow(fast):
    left_out = {path.relative_to(TESTS).as_posix() for path, is_fast in fast.items() if not is_fast}
    assert {name for name in left_out if not name.startswith(("browser/", "served/"))} == {
        "core/cli/test_doctor.py",
        "core/demo/test_embedded_model.py",
        "core/store/test_damaged_rows.py",
        "core/store/test_kill.py",
        "core/store/test_kill_server.py",
        "test_wheel.py",
    }


def test_what_a_short_run_leaves_out_is_there():
    for name in (*THOROUGH, *SAMPLED):
        file, _, test = name.partition("::")
        assert f"\ndef {test}" in (TESTS / file).read_text(), name


def test_a_group_is_known_to_what_hands_the_tests_out(request):
    """It stands in a test's name; where it does not, each test is handed out by itself."""
    in_groups = getattr(request.config.option, "loadgroup", False)
    assert request.node.nodeid.endswith("@test_selection.py") is in_groups

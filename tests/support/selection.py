"""Which tests are slow, thorough, and in one process with others: told by what a test asks for.

`make test-fast` leaves out what is marked `SLOW`. "browser", "served", "postgres" and "matrix" are
marked here; "slow" stands at the test itself: it starts real processes or kernels, kills or waits,
or computes for more than a third of a second.
"""

from collections import Counter
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
THOROUGH = (
    "browser/test_composer_page.py::test_nothing_overflows_with_everything_open",
    "browser/test_composer_page.py::test_the_model_is_tried_on_the_prompts",
    "browser/test_files_page.py::test_every_file_and_picture_of_the_menu",
    "browser/test_head_page.py::test_a_prompt_as_long_as_the_context",
    "browser/test_head_page.py::test_the_text_tells_where_a_token_looks",
    "browser/test_hypothesis_page.py::test_from_a_grid_that_shows_no_effect",
    "browser/test_links_page.py::test_back_and_forward_go_between_two_sweeps",
    "browser/test_readable_page.py::", "browser/test_report_page.py::test_no_word_of_a_printed",
    "browser/test_reloaded_page.py::test_a_server_that_is_gone",
    "browser/test_report_page.py::test_what_stands_in_it",
    "browser/test_results_page.py::test_an_estimate_is_told",
    "browser/test_terms_page.py::test_on_a_phone",
    "components/exports/test_image.py::test_an_svg_is_xml",
    "core/cli/test_doctor.py::test_a_database_that_hangs",
    "core/cli/test_open_link.py::test_the_dashboard_ends_with",
    "core/cli/test_streams.py::test_streams_that_a_shell_has_closed",
    "core/store/test_damaged_rows.py::test_every_damage_of_every_column",
    "core/store/test_kill_server.py::test_a_server_that_stands_still",
    "core/store/test_store.py::test_two_processes_keep",
    "served/test_default_kind.py::", "served/test_fast_clicks.py::",
    "served/test_faults.py::test_a_locked_database", "served/test_faults.py::test_a_server_killed",
    "served/test_hub_page.py::test_published_roles",
    "served/test_links_page.py::test_after_each_sweep_the_address",
    "served/test_load.py::test_a_dozen_sessions",
    "served/test_predictions_page.py::test_a_restart_knows",
    "served/test_predictions_page.py::test_a_server_that_only_reads",
    "test_shape_checks.py::test_tests_on_two_architectures",
)  # fmt: skip
"""Stories of many steps, servers of their own, repetitions: shorter tests see parts of each.
`make test` has them, and a run that must end within minutes (`.ci/run`) leaves them out."""
SAMPLED = (
    "core/exports/test_notebook.py::test_every_kind_is_repeated",
    "core/store/test_frozen_databases.py::", "core/sweep/test_weights_and_dtypes.py::test_bfloat16",
    "served/test_frozen_links.py::",
)  # fmt: skip
"""Tests of many alike cases: such a run has every fourth of them."""
FAST = pytest.StashKey[dict[Path, bool]]()
"""In the configuration: each collected file of tests, and whether a save runs any of it."""


def mark(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark the tests, and put those first that take longest: no process waits at the end."""
    fast = config.stash[FAST] = dict.fromkeys((item.path for item in items), False)
    of_models = {item.path for item in items if MODELS in _asked(item)}
    begun: Counter[str] = Counter()
    for item in items:
        test = item.nodeid.partition("[")[0]
        for name in _marks(item, nth_case=begun[test]):
            item.add_marker(name)
        begun[test] += 1
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


def _marks(item: pytest.Item, *, nth_case: int) -> list[str]:
    given = item.callspec.params if hasattr(item, "callspec") else {}
    file = _file(item.path)
    name = f"{file}::{item.name}"
    found = {
        "browser": file.startswith("browser/") or "chrome" in _asked(item),
        "served": file.startswith("served/"),
        "postgres": "postgresql_server" in _asked(item) or given.get("url") == "postgresql",
        "matrix": nth_case > 0,
        "thorough": name.startswith(THOROUGH) or (name.startswith(SAMPLED) and nth_case % 4 > 0),
        "hostile": file.startswith(HOSTILE),
    }
    return [mark for mark, holds in found.items() if holds]


def _asked(item: pytest.Item) -> list[str]:
    return list(getattr(item, "fixturenames", ()))


def _turn(item: pytest.Item) -> int:
    # Some single groups take a minute or more: begun last, all but one process would wait.
    order = [*SHARED, "browser", "served", MODELS, "test_shape_checks.py", "test_wheel.py"]
    marker = item.get_closest_marker("xdist_group")
    assert marker is not None
    name = marker.args[0].partition("/")[0]
    return order.index(name) if name in order else len(order)

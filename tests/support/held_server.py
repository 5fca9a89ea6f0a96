"""The dashboard with some sweeps held where a test wants them, as large ones are by their size.

The file HELD_SWEEPS holds a number: of a sweep whose prompt begins with `HELD`, no more heads
than that become known; layer effects are measured once it is `ALL`, and so is the second half of a
map of positions. A second number in it says whose it is: what began under another one, for a test
that has ended, goes on unheld, or it would stop all that waits behind it. Such sweeps are estimated
first and done in small chunks, whatever their size. While the file FULL_DISK is there, the database
finds no room for another page. While the file PATIENCE is there, a page waits so many seconds for a
task before it draws its progress.
"""

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))  # or tests/core would hide core

HELD = "Held"
ALL = 10_000
SMALL = 300_000


_begun_for: dict[Any, str] = {}
"""Whose the sweep of a spec was when it began; its layer effects are the same one's."""


def _said() -> tuple[int, str]:
    file = os.environ.get("HELD_SWEEPS")
    n_heads, _, whose = (str(ALL) if file is None else Path(file).read_text()).partition(" ")
    return int(n_heads), whose


def allowed(begun_for: str) -> int:
    """How many heads may become known now of what has begun for that one."""
    n_heads, whose = _said()
    return n_heads if whose == begun_for else ALL


def full_disk(file: Path) -> None:
    """SQLite's own limit stands for the disk's: its error is the same."""
    import sqlalchemy as sa

    import core.store.store

    opened = core.store.store.open_engine

    def open_engine(*given: Any, **options: Any) -> Any:
        engine = opened(*given, **options)

        @sa.event.listens_for(engine, "begin")
        def begun(connection: Any) -> None:
            pages = 1 if file.exists() else 1_000_000  # never fewer than there are
            connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")

        return engine

    core.store.store.open_engine = open_engine


def patient(file: Path) -> None:
    """What a page waits for is in the file's hands, as long as it is there."""
    from core.jobs.job import Job

    wait = Job.wait

    def wait_longer(job: Job, timeout: float | None = None) -> bool:
        longer = timeout is not None and file.exists()
        return wait(job, float(file.read_text()) if longer else timeout)

    Job.wait = wait_longer  # type: ignore[method-assign]


def main() -> None:
    import core.circuits.by_position
    import core.store.connect
    import core.sweep.estimate.preview
    import core.sweep.layer_sweep
    import core.sweep.sweep
    from components.server import main as serve
    from core.sweep.scorer import Scorer

    if "PATIENCE" in os.environ:
        patient(Path(os.environ["PATIENCE"]))
    core.store.connect.BUSY_SECONDS = 1.0  # for a writer that a test holds up for long
    if "FULL_DISK" in os.environ:
        full_disk(Path(os.environ["FULL_DISK"]))
    in_full, preview = core.sweep.sweep.sweep_with_progress, core.sweep.estimate.preview.preview
    layer_effects, places = (
        core.sweep.layer_sweep.iter_layer_effects,
        core.circuits.by_position.iter_position_effects,
    )

    def held(scorer: Scorer) -> bool:
        return scorer.prepared.spec.prompt.startswith(HELD)

    def with_progress(scorer: Scorer) -> Iterator[Any]:
        if not held(scorer):
            yield from in_full(scorer)
            return
        before = None
        begun_for = _begun_for[scorer.prepared.spec] = _said()[1]
        for found in in_full(Scorer(scorer.model, scorer.prepared.spec, SMALL)):
            while len(found[0].heads) > allowed(begun_for):
                time.sleep(0.02)
                yield before
            before = found
            yield found

    def estimated(scorer: Scorer, longer_than: float, report: Any) -> Any:
        return preview(scorer, 0.0 if held(scorer) else longer_than, report)

    def iter_layer_effects(scorer: Scorer, heads: Any) -> Any:
        begun_for = _begun_for.get(scorer.prepared.spec, _said()[1])
        while held(scorer) and allowed(begun_for) < ALL:
            time.sleep(0.02)
            yield 0.0
        return (yield from layer_effects(scorer, heads))

    def iter_places(scorer: Scorer, *asked: Any) -> Iterator[Any]:
        begun_for = _said()[1]
        for done, found in places(Scorer(scorer.model, scorer.prepared.spec, SMALL), *asked):
            while held(scorer) and done > 0.5 and allowed(begun_for) < ALL:
                time.sleep(0.02)
                yield 0.5, found
            yield done, found

    core.circuits.by_position.iter_position_effects = iter_places
    core.sweep.sweep.sweep_with_progress = with_progress
    core.sweep.estimate.preview.preview = estimated
    core.sweep.layer_sweep.iter_layer_effects = iter_layer_effects
    serve()


if __name__ == "__main__":
    main()

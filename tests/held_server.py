"""The dashboard with some sweeps held where a test wants them, as large ones are by their size.

The file HEADSWEEP_HELD holds a number: of a sweep whose prompt begins with `HELD`, no more heads
than that become known; margins are measured once it is `ALL`. Such sweeps are estimated first and
done in small chunks, whatever their size.
"""

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

HELD = "Held"
ALL = 10_000
SMALL = 300_000


def allowed() -> int:
    return int(Path(os.environ["HEADSWEEP_HELD"]).read_text())


def main() -> None:
    import core.margin_sweep
    import core.preview
    import core.sweep
    from components.server import main as serve

    in_full, preview = core.sweep.with_progress, core.preview.preview
    margins = core.margin_sweep.iter_margins

    def with_progress(model: Any, spec: Any) -> Iterator[Any]:
        if not spec.prompt.startswith(HELD):
            yield from in_full(model, spec)
            return
        before = None
        for found in in_full(model, spec, SMALL):
            while len(found[0].heads) > allowed():
                time.sleep(0.02)
                yield before
            before = found
            yield found

    def estimated(model: Any, spec: Any, longer_than: float, report: Any) -> Any:
        return preview(model, spec, 0.0 if spec.prompt.startswith(HELD) else longer_than, report)

    def iter_margins(model: Any, spec: Any, heads: Any) -> Any:
        while spec.prompt.startswith(HELD) and allowed() < ALL:
            time.sleep(0.02)
            yield 0.0
        return (yield from margins(model, spec, heads))

    core.sweep.with_progress = with_progress
    core.preview.preview = estimated
    core.margin_sweep.iter_margins = iter_margins
    serve()


if __name__ == "__main__":
    main()

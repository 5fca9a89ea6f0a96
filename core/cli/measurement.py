"""The frame of a command that measures one thing of a spec: JSON, or words and a table."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.cli import options as given
from core.cli.effect_table import effect_table
from core.cli.output import console_for, progress, terminal_text, write_json
from core.spec.spec import SweepSpec
from core.text.words import phrase

if TYPE_CHECKING:
    from core.results.effects import Effect
    from core.sweep.scorer import Scorer


@dataclass(frozen=True)
class Found:
    """What was measured: its `values` in JSON, and `words` above a table.

    The table's first column is called `column`; each of the `rows` is an effect with its name.
    """

    values: dict[str, Any]
    words: str
    column: str
    rows: list[tuple[str, "Effect"]]


def measure_and_print(
    spec: SweepSpec,
    schema: str,
    measure: Callable[["Scorer", Any], Found],
    device: given.Device,
    format: given.TableOrJson,
    out: Path | None,
) -> None:
    """Load a spec's model, do its clean run, measure, and print.

    `measure` is given the scorer of the clean run, and a function for its progress. Raises
    `InputError`.
    """
    given.check_writable(out)
    with progress() as report:
        loaded = given.load(spec, device, report)
        from core.sweep.scorer import Scorer
        from core.sweep.sweep import provenance

        started = time.perf_counter()
        scorer = Scorer(loaded, spec)
        found = measure(scorer, report)
        seconds = time.perf_counter() - started
    if format is given.TableOrJson.JSON:
        values = {
            "schema": schema,
            "spec": scorer.prepared.spec.to_dict(),
            **found.values,
            "provenance": provenance(loaded, seconds).to_dict(),
        }
        write_json(values, out)
        return

    with console_for(out) as console:
        console.print(terminal_text(phrase(found.words)))
        console.print(effect_table(found.column, found.rows))

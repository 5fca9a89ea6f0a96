"""Effects as a table on a terminal: one row each, with every metric that was measured."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.table import Table

    from core.results.result import Effect


def effect_table(first: str, rows: Sequence[tuple[str, "Effect"]]) -> "Table":
    """A table of effects; `first` is the heading over the rows' names."""
    from rich.table import Table

    from core.results.metrics import METRICS
    from core.text.numbers import percent

    metrics = [metric for metric in METRICS if metric.value(rows[0][1]) is not None]
    table = Table(box=None, header_style="bold", pad_edge=False, collapse_padding=True)
    table.add_column(first)
    columns = [f"{metric.column}\n{metric.unit}" for metric in metrics]
    for column in ["P after\n%", *columns, "rank"]:
        table.add_column(column, justify="right")
    for name, effect in rows:
        values = [(metric, metric.value(effect)) for metric in metrics]
        cells = [metric.cell(value, effect.prob) for metric, value in values if value is not None]
        table.add_row(name, percent(effect.prob, 2).removesuffix(" %"), *cells, str(effect.rank))
    return table

"""What feeds a head, as a table on a terminal: the largest paths of the report's JSON."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from core.circuits.edge import Edge
from core.results.metrics import BY_FIELD
from core.text.numbers import signed

if TYPE_CHECKING:
    from rich.table import Table

MOST = 3
"""Senders in a row."""


def feeds_words(found: Mapping[str, Any]) -> str:
    """Between which positions, along which edge, and for which heads it was measured."""
    if "unavailable" in found:
        return f"What feeds it cannot be measured: {found['unavailable']}"
    shared = found["keys_shared_by"]
    group = "" if len(shared) == 1 else f" Its keys and values are shared by {', '.join(shared)}."
    if found["answer"] is not None and len(found["answer"]["read_by"]) > 1:
        group += " For the answer they were patched for all of these."
    elif group:
        group += f" For the answer they were patched for {found['head']} only."
    return (
        f"What feeds it, {Edge(found['edge']).between}. It looks from {found['query']} to "
        f"{found['key']} (weight {found['weight']:.2f}).{group}"
    )


def feeds_table(found: Mapping[str, Any]) -> "Table":
    """A row for each input of the head and each measure: the senders with the largest changes."""
    from rich.table import Table

    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in ("through its", "changed", f"the {MOST} largest, ablated minus clean"):
        table.add_column(column)
    answer = found["answer"]
    for way in ("query", "key", "value"):
        measure = "what it adds directly, nats" if way == "value" else "that weight"
        table.add_row(way, measure, _largest(found[f"by_{way}"]))
        if answer is not None:
            metric = BY_FIELD[answer["metric"]]
            table.add_row("", f"{metric.title}, {metric.unit}", _largest(answer[f"by_{way}"]))
    return table


def _largest(changes: Sequence[Sequence[float | None]]) -> str:
    found = [
        (value, f"L{layer}H{head}")
        for layer, row in enumerate(changes)
        for head, value in enumerate(row)
        if value
    ]
    found.sort(key=lambda pair: -abs(pair[0]))
    return ", ".join(f"{label} {signed(value, 3)}" for value, label in found[:MOST]) or "none"

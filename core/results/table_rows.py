"""The rows of a table of effects: heads, and beside them whole layers and MLPs.

A layer's attention and its MLP are measured as layer effects; in a table they are rows of their
own, which are no heads: nothing else is known of them, and they cannot be selected.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from core.results.effects import Effect
from core.results.layer_effects import LayerEffects
from core.results.result import SweepResult
from core.spec.heads import Head


class Rows(StrEnum):
    """Which rows a table has."""

    HEADS = "heads"
    LAYERS = "layers"
    ALL = "all"

    @property
    def has_layers(self) -> bool:
        """Whether whole layers are among them."""
        return self is not Rows.HEADS


@dataclass(frozen=True)
class Row:
    """One row: a head (`head`), or a layer's attention or MLP (`head` is None)."""

    label: str
    layer: int
    head: Head | None
    effect: Effect


def table_rows(result: SweepResult, layer_effects: LayerEffects | None, rows: Rows) -> list[Row]:
    """Heads layer by layer, then each layer's attention and its MLP, where they are measured."""
    found = []
    if rows is not Rows.LAYERS:
        found = [Row(each.address.label, each.layer, each.address, each) for each in result.heads]
    if rows.has_layers and layer_effects is not None:
        found += layer_rows(layer_effects)
    return found


def layer_rows(layer_effects: LayerEffects) -> Iterator[Row]:
    """Each layer's attention and its MLP, where it is measured."""
    pairs = zip(layer_effects.attention, layer_effects.mlp, strict=True)
    for layer, (attention, mlp) in enumerate(pairs):
        yield Row(f"L{layer} attention", layer, None, attention)
        if mlp is not None:
            yield Row(f"L{layer} MLP", layer, None, mlp)


def ranked(rows: list[Row], field: str) -> list[Row]:
    """Rows that have a metric, the largest absolute value first; ties stay in order."""
    have = [row for row in rows if getattr(row.effect, field) is not None]
    return sorted(have, key=lambda row: -abs(getattr(row.effect, field)))

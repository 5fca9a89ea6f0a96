"""The scale beside a heatmap: whole layers ablated the same way, and what position 0 accounts for.

A head's effect means little without the effect of all its layer's heads together, and of the MLP
next to them. `core.sweep.layer_sweep` measures them; this imports no torch.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.results.metrics import FIELDS
from core.results.reading import effect_fields
from core.results.result import Effect, SweepResult
from core.results.schema import current_layer_effects
from core.spec.heads import Head

MARKED = 8
"""Heads of each metric whose share of position 0 is measured: those a heatmap writes out."""


@dataclass(frozen=True)
class LayerEffects:
    """Effects by layer, and of some heads at position 0 alone.

    `attention[layer]`: all heads of the layer ablated together, replacements taken before any is
    overwritten. `mlp[layer]`: what the layer's MLP adds to the residual stream, replaced the same
    way; None where the kind has no meaning for an MLP (mean across heads) or the model's wiring
    is not known. `first_position`: the head ablated at position 0 only; empty where the sweep's
    positions leave it out.
    """

    attention: tuple[Effect, ...]
    mlp: tuple[Effect | None, ...]
    first_position: Mapping[Head, Effect]

    def share_of_first(self, result: SweepResult, head: Head, metric: str) -> float | None:
        """A head's effect at position 0 alone over its whole effect; None where not measured.

        Effects of positions do not add up: the share can be negative or larger than 1.
        """
        alone, whole = self.first_position.get(head), result.effect(head)
        if alone is None or whole is None:
            return None
        part, all_of_it = getattr(alone, metric), getattr(whole, metric)
        return None if part is None or not all_of_it else part / all_of_it

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types."""
        return {
            "attention": [each.to_dict() for each in self.attention],
            "mlp": [None if each is None else each.to_dict() for each in self.mlp],
            "first_position": {
                head.label: each.to_dict() for head, each in self.first_position.items()
            },
        }

    @classmethod
    def from_dict(cls, values: object) -> "LayerEffects":
        """The inverse of `to_dict`; a ValueError for anything else."""
        return cls.from_current_form(current_layer_effects(values))

    @classmethod
    def from_current_form(cls, saved: Mapping[str, Any]) -> "LayerEffects":
        """Those of what `core.results.schema.current_layer_effects` has found in order."""
        return cls(
            tuple(Effect(**effect_fields(each)) for each in saved["attention"]),
            tuple(None if each is None else Effect(**effect_fields(each)) for each in saved["mlp"]),
            {Head.parse(k): Effect(**effect_fields(v)) for k, v in saved["first_position"].items()},
        )


def marked_heads(result: SweepResult, count: int = MARKED) -> list[Head]:
    """The heads with the largest effects under any metric, in head order."""
    found = {e.address for metric in FIELDS for e in result.ranked(metric)[:count]}
    return sorted(found)

"""Whether the heads that a sweep finds strongest are as strong under a second kind of ablation.

The default kind is the notebook's; what a head does without its own output depends on what is put
in its place, so the strongest heads are looked at under another kind too.
"""

from core.results.metrics import Metric
from core.results.result import HeadEffect, SweepResult
from core.spec.ablation import AblationKind
from core.text.words import Words, bold, joined, phrase

SECOND = AblationKind.MEAN
"""The kind that is looked at beside another: a constant too, and the head's own usual one."""
CHEAP_SECONDS = 4.0
"""A sweep that took no longer is done once more under `SECOND` without being asked for."""
STRONGEST = 3
"""Heads that are looked at."""
HOLDS = 0.5
"""A head holds where the second kind changes the metric the same way, and this share as much at
least; one that changes it so much the other way does the opposite."""


def second_kind_words(result: SweepResult, second: SweepResult, metric: Metric) -> Words:
    """One sentence on the strongest heads of `result` in `second`, the same prompt's sweep.

    Both measure `metric`. Nothing is said where no head of `result` is notable in it.
    """
    kind = second.spec.ablation.label
    held: list[Words] = []
    turned: list[Words] = []
    lost: list[Words] = []
    for effect in _strongest(result, metric):
        other = second.effect(effect.address)
        before, after = metric.value(effect), None if other is None else metric.value(other)
        if before is None or after is None:
            continue
        went = f" ({metric.text(before)} → {metric.quantity(after)})"
        of = lost if abs(after) < HOLDS * abs(before) else held if before * after > 0 else turned
        of.append(phrase(bold(effect.address.label), went))
    if not lost and not turned:
        holds = f"Under {kind} ablation the strongest heads hold: "
        return phrase(holds, _listed(held), ".") if held else ()
    several = (
        (lost, "does less than half as much", "do less than half as much"),
        (turned, "does the opposite", "do the opposite"),
        (held, "holds", "hold"),
    )
    said = [
        phrase(_listed(heads), f" {one if len(heads) == 1 else more}")
        for heads, one, more in several
        if heads
    ]
    return phrase(f"Under {kind} ablation ", joined("; ", said), ".")


def _strongest(result: SweepResult, metric: Metric) -> list[HeadEffect]:
    ranked = result.ranked(metric.field)[:STRONGEST]
    return [each for each in ranked if metric.is_notable(metric.value(each) or 0.0)]


def _listed(several: list[Words]) -> Words:
    return joined(", ", several)

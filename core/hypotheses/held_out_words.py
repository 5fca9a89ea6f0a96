"""What is said of a set of heads on variants of its prompt. Imports no torch."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from core.text.numbers import share

if TYPE_CHECKING:
    from core.hypotheses.held_out import HeldOut


def held_out_words(found: Sequence["HeldOut"], enough: float) -> str:
    """On how many variants the set keeps the answer; `enough` is the share that was to be kept."""
    kept = sum(
        each.kept.effect.rank == 1 and (each.kept.prob_share or 0.0) >= enough for each in found
    )
    return (
        f"It kept the answer on {kept} of {len(found)}: there the target is at rank 1 with at "
        f"least {share(enough)} of its clean P."
    )

"""How the effect of ablating heads together relates to their single effects.

All changes are ablated minus clean in the leading metric (`core.results.leading`), whose effects
may be added. Backup is claimed only where no head's loss alone helps the answer, and where ablating
the heads together costs notably more than ablating any one of them: two heads that each harm the
answer can fall short of their sum as well, and then their gains overlap.
"""

from collections.abc import Sequence
from enum import StrEnum

from core.results.leading import NOTABLE_NATS


class Relation(StrEnum):
    """What a joint change says beside the single changes; the value is what is written of it."""

    BACKUP = "back each other up"
    """No single change is a gain, and the joint one is below every single one and the sum."""
    GAINS = "overlapping gains"
    """Each alone raises the answer; together they raise it by less than the sum."""
    LOSSES = "overlapping losses"
    """Each alone lowers the answer; together they lower it by less than the sum."""
    NOT_ADDITIVE = "not additive"
    """The joint change is not the sum, and nothing more can be said."""
    ADDITIVE = "additive"
    """The joint change is the sum, to less than the minimum."""


MEANINGS = {
    Relation.BACKUP: "losing all costs more than any one alone, and more than the sum",
    Relation.GAINS: "each alone raises the answer, all together by less than the sum",
    Relation.LOSSES: "each alone lowers the answer, all together by less than the sum",
    Relation.NOT_ADDITIVE: "the joint change is not the sum of the single ones",
    Relation.ADDITIVE: "the joint change is the sum of the single ones",
}


def relation(joint: float, singles: Sequence[float], minimum: float = NOTABLE_NATS) -> Relation:
    """The relation of a joint change to the single ones, which must not be empty.

    `minimum`, in the unit of the changes: a difference of less is none, from their sum or from the
    worst of them, and a smaller gain is none.
    """
    total = sum(singles)
    gap = joint - total
    if abs(gap) < minimum:
        return Relation.ADDITIVE
    if gap < 0 and max(singles) < minimum and joint <= min(*singles, 0.0) - minimum:
        return Relation.BACKUP
    if min(singles) > 0 and gap < 0 <= joint:
        return Relation.GAINS
    if max(singles) < 0 and total < joint <= 0:
        return Relation.LOSSES
    return Relation.NOT_ADDITIVE

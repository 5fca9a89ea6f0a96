"""Where a head's role score stands among the model's heads, in words. Imports no torch."""

from core.circuits.head_scores import HeadScores
from core.spec.heads import Head
from core.text.numbers import ordinal

FEW = 20
"""Below so many others a place is a rank: a percentage would claim a precision it has not."""


def score_rank(roles: HeadScores, role: str, head: Head) -> int:
    """The place of a head's score, from 1, the highest; equal scores share the first of theirs."""
    scores = roles.values(role)
    return 1 + int((scores > scores[head]).sum())


def place_of_score(rank: int, n_heads: int, percentile: float | None) -> str:
    """As "4th of 12", or among many "above 64 % of others"; "" for an only head."""
    if n_heads <= 1:
        return ""
    if n_heads - 1 < FEW or percentile is None:
        return f"{ordinal(rank)} of {n_heads}"
    return f"above {percentile:.0f} % of others"


def score_place(roles: HeadScores, role: str, head: Head) -> str:
    """The same of a head's score in a role, or in copying."""
    n_heads = roles.values(role).size
    return place_of_score(score_rank(roles, role, head), n_heads, roles.percentile(role, head))

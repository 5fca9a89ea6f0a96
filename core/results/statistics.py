"""A value's place among others of its kind."""

from collections.abc import Iterable


def share_below(value: float, others: Iterable[float]) -> float | None:
    """The share (0 to 100) of the others that are smaller, ties half; None where there are none."""
    compared = [(other < value) + (other == value) / 2 for other in others]
    return 100 * sum(compared) / len(compared) if compared else None

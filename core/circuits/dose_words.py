"""A dose curve in words. Imports no torch."""

from typing import TYPE_CHECKING

from core.results.metrics import Metric
from core.text.numbers import percent

if TYPE_CHECKING:
    from core.circuits.dose import Dose


def dose_words(found: "Dose", metric: Metric) -> str:
    """What is read off the curve: with nothing, with half and with twice of what is written.

    As "Without it P is 68.1 % (−0.94 nats of log odds), with half of it 81.1 % (−0.24), with twice
    as much 84.0 % (−0.04); as it is, 84.5 %."
    """
    at = dict(zip(found.factors, found.effects, strict=True))
    said: list[str] = []
    several = len(found.heads) > 1
    for factor, how in (
        (0.0, f"Without {'them' if several else 'it'} P is"),
        (0.5, f"with half of {'what they write' if several else 'it'}"),
        (2.0, "with twice as much"),
    ):
        value = metric.value(at[factor]) if factor in at else None
        if value is not None:
            change = metric.text(value) if said else f"{metric.quantity(value)} of {metric.short}"
            said.append(f"{how} {percent(at[factor].prob)} ({change})")
    return f"{', '.join(said)}; as it is, {percent(found.baseline.prob)}."

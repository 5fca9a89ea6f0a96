"""The metrics a heatmap can show: their names, units and colour ranges."""

from dataclasses import dataclass

import numpy as np

from core.results import HeadEffect, SweepResult
from core.wording import signed


@dataclass(frozen=True)
class Metric:
    """How one metric of a result is shown. `factor` takes a result's value to the unit."""

    field: str
    short: str
    title: str
    unit: str
    factor: float
    digits: int
    notable: float
    signed: bool = True

    def values(self, result: SweepResult) -> np.ndarray:
        """(layer, head) in the metric's unit; NaN where there is no value."""
        return result.values(self.field) * self.factor

    def of(self, effect: HeadEffect) -> float | None:
        """One head's value in the metric's unit."""
        value = getattr(effect, self.field)
        return None if value is None else value * self.factor

    def text(self, value: float, digits: int | None = None) -> str:
        """A value with its sign (a real minus) but without its unit."""
        digits = self.digits if digits is None else digits
        return signed(value, digits) if self.signed else f"{value:.{digits}f}"


PROB = Metric("prob_change", "prob", "Change in P(target)", "pp", 100.0, 1, 1.0)
LOGPROB = Metric("logprob_change", "log prob", "Change in log P(target)", "nats", 1.0, 2, 0.1)
LOGIT_DIFF = Metric(
    "logit_diff_change", "logit diff", "Change in logit(target) − logit(foil)", "nats", 1.0, 2, 0.1
)
KL = Metric("kl", "KL", "KL(clean ‖ ablated) at the answer", "nats", 1.0, 2, 0.1, signed=False)

METRICS: tuple[Metric, ...] = (PROB, LOGPROB, LOGIT_DIFF, KL)

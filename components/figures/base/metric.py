"""The metrics a heatmap can show: their names, units and colour ranges."""

from dataclasses import dataclass

import numpy as np

from core.results.result import Effect, SweepResult
from core.sweep.estimate.attribution import Estimate
from core.text.numbers import signed


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

    def estimated(self, estimate: Estimate | None) -> np.ndarray | None:
        """(layer, head) estimates in the metric's unit; None where there are none."""
        values = None if estimate is None else estimate.values(self.field)
        return None if values is None else values * self.factor

    def of(self, effect: Effect) -> float | None:
        """One effect's value in the metric's unit."""
        value = getattr(effect, self.field)
        return None if value is None else value * self.factor

    @property
    def change(self) -> str:
        """What a value is called in a line of its own."""
        return "change" if self.signed else "KL(clean ‖ ablated)"

    def measures(self, result: SweepResult) -> bool:
        """Whether a result has this metric: the logit difference needs a foil."""
        return self.field != "logit_diff_change" or result.baseline.logit_diff is not None

    def quantity(self, value: float) -> str:
        """A value with its sign and unit."""
        return f"{self.text(value)} {self.unit}"

    def text(self, value: float, digits: int | None = None) -> str:
        """A value with its sign (a real minus) but without its unit."""
        digits = self.digits if digits is None else digits
        return signed(value, digits) if self.signed else f"{value:.{digits}f}"


PROB = Metric("prob_change", "prob", "Change in P(target)", "pp", 100.0, 1, 1.0)
LOGPROB = Metric("logprob_change", "log prob", "Change in log P(target)", "nats", 1.0, 2, 0.1)
LOGODDS = Metric(
    "logodds_change", "log odds", "Change in log odds of the target", "nats", 1.0, 2, 0.1
)
LOGIT_DIFF = Metric(
    "logit_diff_change", "logit diff", "Change in logit(target) − logit(foil)", "nats", 1.0, 2, 0.1
)
KL = Metric("kl", "KL", "KL(clean ‖ ablated) at the answer", "nats", 1.0, 2, 0.1, signed=False)

METRICS: tuple[Metric, ...] = (PROB, LOGPROB, LOGODDS, LOGIT_DIFF, KL)
BY_SHORT = {metric.short: metric for metric in METRICS}

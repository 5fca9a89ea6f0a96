"""Which metric conclusions are drawn in, and which one is shown at first.

What is inferred (interactions, searches, routes, self-repair, the size of an effect in words) is
inferred in the *leading* metric: the logit difference where there is a foil (Zhang and Nanda 2023,
arXiv:2309.16042), the log odds of the target where there is none. Both are differences of logits,
so they show a head near 0 and near 1 alike, and effects in them may be added. Probability cannot
show a head near either end; log prob cannot near 1, where its change is the probability's.

What is shown follows the metric on display. It opens on the change of probability, the notebook's,
where that can show the heads, and on the leading metric where it cannot.
"""

from dataclasses import dataclass

from core.results.metrics import LOGIT_DIFF, LOGODDS, PROB, Metric
from core.results.result import SweepResult
from core.text.numbers import percent

LOW, HIGH = 0.05, 0.95
"""Outside these baselines probability is not to be ranked by."""
NOTABLE_NATS = 0.1
"""A change of the leading metric below which nothing is made of it."""


@dataclass(frozen=True)
class Opening:
    """The metric that is shown at first, and a sentence that says why."""

    metric: Metric
    why: str


def leading(*, has_foil: bool) -> Metric:
    """The metric in which effects are added, compared and searched by."""
    return LOGIT_DIFF if has_foil else LOGODDS


def leading_of(result: SweepResult) -> Metric:
    """The leading metric of a sweep."""
    return leading(has_foil=result.baseline.logit_diff is not None)


def shows_in_prob(prob: float) -> bool:
    """Whether from a baseline (a fraction) a probability can move either way."""
    return LOW <= prob <= HIGH


def opening(result: SweepResult, *others: SweepResult) -> Opening:
    """What a sweep opens on, where nobody has chosen a metric.

    Several that are compared open on what each of them opens on alone, else on log odds.
    """
    if others:
        alone = {each.metric.field: each for each in map(opening, (result, *others))}
        if len(alone) > 1:
            return Opening(LOGODDS, "Shown at first, because every run here has log odds.")
    base, metric = result.baseline, leading_of(result)
    if base.logit_diff is not None:
        why = "there is a foil: the logit difference is about these two answers alone"
    elif shows_in_prob(base.prob):
        metric = PROB
        why = f"from {percent(base.prob)} a probability can move either way"
    else:
        end = "0" if base.prob < LOW else "1"
        why = f"at {percent(base.prob)}, near {end}, a probability hardly moves; log odds do"
    return Opening(metric, f"Shown at first, because {why}.")

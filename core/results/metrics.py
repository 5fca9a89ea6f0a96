"""The metrics: the one place that lists them, and all that is said and done with each.

Scoring, estimates, figures, tables, the command line, the notebook, the report and the CSV read
`METRICS`. A metric's value for a head is also a field of `core.results.effects.Effect`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

from core.results.scores import RowScores
from core.text.numbers import decimal, points, signed
from core.text.words import Words, bold, phrase

_ROUNDING = 1e-9
"""In a metric's unit: .01 times 100 is no less than 1."""
_ROUNDED = 1e-6
"""As a share of a probability: what of its change float32 may have made."""


@runtime_checkable
class Measured(Protocol):
    """What has values of metrics for every head of a model: a sweep's result."""

    def values(self, metric: str) -> np.ndarray:
        """One metric as an array (layer, head)."""

    def measures(self, metric: str) -> bool:
        """Whether there are any."""


@runtime_checkable
class Estimated(Protocol):
    """What has estimates of some metrics for every head of a model."""

    def values(self, metric: str) -> np.ndarray | None:
        """One metric's estimates as an array (layer, head)."""


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One number that says what an ablation did, and how it is computed, written and shown.

    `field` is its name in JSON, CSV and Python; `short` its name in addresses and on buttons,
    `title` above a figure, `heading` over a column (where it is not `short`), `label` before a
    value in a line of its own; `meaning` is one sentence. `factor` takes a result's value to
    `unit`; `digits` are written after the point; what is below `notable`, in the unit, is not
    made anything of.

    `read` takes it from scores; None where they lack it. A `signed` metric is a change, the
    ablated run's value minus the clean run's; the others are a distance from the clean run, 0 or
    more. `notebook` is the same in the notebook's Python, where `logp` are the log probs that are
    read, `logprob` and `foil_logprob` those of target and foil; {first} stands for the log probs
    where the answer's first token is read, {ids} for the list of that token's id, or of an answer
    set's, {part} for the log prob of what is compared with the foil. `within` is how far, in nats,
    the two may be apart in float32 before the notebook's own check fails; None where none is made.

    `how_to_read` is what colours and numbers of a picture of heads mean, in one line.

    `about` is what it is a change of, in a sentence: {target} and {foil} stand for the answers.

    `needs_foil`: it has no value without a foil. `of_target`: it is about the target, and not
    only about the model's prediction as a whole. `has_estimate`: it has a first-order estimate.
    `is_later`: the first files lack it, and it is None in what is read from them.
    """

    field: str
    short: str
    title: str
    meaning: str
    how_to_read: Words
    about: str
    read: Callable[[RowScores], np.ndarray | None]
    notebook: str
    unit: str = "nats"
    factor: float = 1.0
    digits: int = 2
    notable: float = 0.1
    signed: bool = True
    needs_foil: bool = False
    of_target: bool = True
    has_estimate: bool = False
    heading: str = ""
    label: str = "change"
    within: float | None = None
    is_later: bool = False

    @property
    def name(self) -> str:
        """What is measured in a run, and changes: `Baseline`'s field, where it has one."""
        return self.field.removesuffix("_change")

    @property
    def column(self) -> str:
        """The heading of its column in a table."""
        return self.heading or self.short

    def change(self, scores: RowScores, clean: RowScores) -> np.ndarray | None:
        """Its value in every row (row,), in the unit of a result; None where it has none."""
        now, before = self.read(scores), self.read(clean)
        if now is None or before is None:
            return None
        return now - before if self.signed else now

    def is_notable(self, value: float | None) -> bool:
        """Whether anything is made of a value in the metric's unit."""
        return value is not None and abs(value) >= self.notable - _ROUNDING

    def measures(self, result: Measured) -> bool:
        """Whether a result has this metric: see `SweepResult.measures`."""
        return result.measures(self.field)

    def values(self, result: Measured) -> np.ndarray:
        """(layer, head) in the metric's unit; NaN where there is no value."""
        return result.values(self.field) * self.factor

    def estimated(self, estimate: Estimated | None) -> np.ndarray | None:
        """(layer, head) estimates in the metric's unit; None where there are none."""
        values = None if estimate is None else estimate.values(self.field)
        return None if values is None else values * self.factor

    def value(self, effect: object) -> float | None:
        """The value of one `Effect` in the metric's unit."""
        value: float | None = getattr(effect, self.field)
        return None if value is None else value * self.factor

    def quantity(self, value: float) -> str:
        """A value with its sign and unit."""
        return f"{self.text(value)} {self.unit}"

    def text(self, value: float, digits: int | None = None) -> str:
        """A value with its sign (a real minus) but without its unit."""
        digits = self.digits if digits is None else digits
        return signed(value, digits) if self.signed else decimal(value, digits)

    def cell(self, value: float, prob: float, digits: int | None = None) -> str:
        """The same in a table; of a change in percentage points near 0 two digits are kept.

        Of a probability near 0 every change in points is, whatever happens; nats are no such unit.
        `prob` is the probability after the change: what is within its rounding is 0.
        """
        if self.unit != PROB.unit:
            return self.text(value, digits)
        is_rounding = abs(value) <= _ROUNDED * self.factor * prob
        return points(0.0 if is_rounding else value, self.digits if digits is None else digits)


def _in_colours(red: str, blue: str, number: str) -> Words:
    """What a cell in red or blue says of its head, and what its number is."""
    return phrase(
        bold("Red"),
        f": without this head {red}; ",
        bold("blue"),
        f": {blue}. A number is {number}.",
    )


def _logit_diff(scores: RowScores) -> np.ndarray | None:
    part = scores.logprob if scores.part_logprob is None else scores.part_logprob
    return None if scores.foil_logprob is None else part - scores.foil_logprob


PROB = Metric(
    field="prob_change",
    short="prob",
    heading="change",
    title="Change in P(target)",
    meaning="How far the target's probability moves, in percentage points.",
    how_to_read=_in_colours(
        "the answer became less likely", "more likely", "the change in percentage points (pp)"
    ),
    unit="pp",
    factor=100.0,
    digits=1,
    notable=1.0,
    about="P({target})",
    read=lambda scores: np.exp(np.minimum(scores.logprob, 0.0)),
    notebook="logprob.exp().item()",
    has_estimate=True,
)
LOGPROB = Metric(
    field="logprob_change",
    short="log prob",
    title="Change in log P(target)",
    meaning="How far the logarithm of the target's probability moves.",
    how_to_read=_in_colours(
        "the answer became less likely", "more likely", "the change in log prob, in nats"
    ),
    about="log P({target})",
    read=lambda scores: scores.logprob,
    notebook="logprob.item()",
    within=1e-4,
    has_estimate=True,
)
LOGODDS = Metric(
    field="logodds_change",
    short="log odds",
    title="Change in log odds of the target",
    meaning="How far log(P / (1 - P)) moves, P being the target's probability.",
    how_to_read=_in_colours(
        "the answer became less likely", "more likely", "the change in log odds, in nats"
    ),
    about="the log odds of {target}",
    read=lambda scores: scores.logodds,
    notebook="(logprob - others.log()).item()",
    has_estimate=True,
)
LOGIT_DIFF = Metric(
    field="logit_diff_change",
    short="logit diff",
    title="Change in logit(target) − logit(foil)",
    meaning="How far the target's logit moves against the foil's.",
    how_to_read=_in_colours(
        "the target lost against the foil", "it gained", "the change in logit diff, in nats"
    ),
    about="the logit difference {target} − {foil}",
    read=_logit_diff,
    notebook="({part} - foil_logprob).item()",
    within=2e-4,
    needs_foil=True,
    has_estimate=True,
)
MARGIN = Metric(
    field="margin_change",
    short="margin",
    title="Change in log P(target) − log P(likeliest other)",
    meaning="How far the target's lead over the likeliest other token moves, whichever token that "
    "is in each run; of a target of several tokens, the first one's.",
    how_to_read=_in_colours(
        "the target’s lead over the likeliest other token shrank",
        "it grew",
        "the change in this margin, in nats",
    ),
    about="the lead of {target} over the likeliest other token",
    read=lambda scores: scores.margin,
    notebook="""\
(
    {first}[{ids}].logsumexp(dim=0)
    - {first}.index_fill(0, torch.tensor({ids}), -torch.inf).max()
).item()""",
    within=2e-4,
    has_estimate=True,
    is_later=True,
)
KL = Metric(
    field="kl",
    short="KL",
    title="KL(clean ‖ ablated) at the answer",
    meaning="How far the whole prediction moves, whatever the target: the KL divergence of the "
    "ablated run from the clean one.",
    how_to_read=phrase(
        "The stronger the colour, the further the whole prediction moved without this head, "
        "whatever became of the answer. A number is the KL divergence from the clean run, in nats."
    ),
    about="the prediction",
    read=lambda scores: scores.kl,
    notebook="(clean.exp() * (clean - logp)).sum().clamp(min=0).item()",
    signed=False,
    of_target=False,
    label="KL(clean ‖ ablated)",
)
ENTROPY = Metric(
    field="entropy_change",
    short="entropy",
    title="Change in the entropy of the next token",
    meaning="How much less sure of the next token, whatever the target, the model is: the entropy "
    "of its prediction where the answer's first token is read.",
    how_to_read=_in_colours(
        "the model became surer of the next token, whichever it is",
        "less sure",
        "the change in entropy, in nats",
    ),
    about="the entropy of the next token",
    read=lambda scores: scores.entropy,
    notebook="torch.special.entr({first}.exp()).sum().item()",
    within=5e-4,
    of_target=False,
    has_estimate=True,
    is_later=True,
)

METRICS: tuple[Metric, ...] = (PROB, LOGPROB, LOGODDS, LOGIT_DIFF, MARGIN, KL, ENTROPY)
"""In the order in which they are offered and written."""
FIELDS: tuple[str, ...] = tuple(metric.field for metric in METRICS)
BY_FIELD = {metric.field: metric for metric in METRICS}
BY_SHORT = {metric.short: metric for metric in METRICS}


def changes(scores: RowScores, clean: RowScores) -> dict[str, np.ndarray]:
    """Each metric's values in every row, by field; those left out that the scores lack."""
    found = {metric.field: metric.change(scores, clean) for metric in METRICS}
    return {field: values for field, values in found.items() if values is not None}

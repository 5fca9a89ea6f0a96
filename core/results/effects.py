"""What one run of the model gave, as plain data: the clean run, each intervention, where it ran."""

from dataclasses import asdict, dataclass, fields
from typing import Any

from core.results.metrics import FIELDS
from core.spec.heads import Head

Top = tuple[tuple[str, float], ...]
"""(token text, probability), the most probable first."""

COLUMNS = (
    *("layer", "head", "label", "prob"),
    *FIELDS,
    *("rank", "top"),
)


@dataclass(frozen=True)
class Baseline:
    """The clean run: nothing ablated. `logit_diff` is logprob(target) - logprob(foil) or None.

    `margin` and `entropy` are None in a result from before they were measured; for `margin` see
    `core.results.scores`.
    """

    prob: float
    logprob: float
    rank: int
    logit_diff: float | None
    top: Top
    token_probs: tuple[float, ...] = ()
    margin: float | None = None
    entropy: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types, without what was not measured."""
        values = {**_measured(self), "top": [list(pair) for pair in self.top]}
        return {**values, "token_probs": list(self.token_probs)}


LEVELS = frozenset(each.name for each in fields(Baseline))
"""What the clean run has: a metric whose name is among them is a level that changes."""


@dataclass(frozen=True, kw_only=True)
class Effect:
    """What one intervention did to the answer.

    It has a field for each of `core.results.metrics.METRICS`. A field with a default is None in a
    result from before the metric was measured, and is then left out of the JSON.
    """

    prob: float
    prob_change: float
    logprob_change: float
    logodds_change: float
    logit_diff_change: float | None
    margin_change: float | None = None
    kl: float
    entropy_change: float | None = None
    rank: int
    top: Top

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types, without what was not measured."""
        return {**_measured(self), "top": [list(pair) for pair in self.top]}


@dataclass(frozen=True, kw_only=True)
class HeadEffect(Effect):
    """What ablating one head did to the answer."""

    layer: int
    head: int

    @property
    def address(self) -> Head:
        """The head ablated."""
        return Head(self.layer, self.head)

    def to_dict(self) -> dict[str, Any]:
        """The row of the json contract: `COLUMNS`, without what was not measured."""
        values = {**super().to_dict(), "label": self.address.label}
        return {name: values[name] for name in COLUMNS if name in values}


@dataclass(frozen=True)
class Provenance:
    """Where the numbers come from.

    `slower_because` says why the model took the slower path, hook by hook and as exact, as a part
    of a sentence without a full stop; None where it took the fast one, or an older result does
    not say. `float32_distance` is how far a bfloat16 run is from float32: the largest distance, in
    nats of the leading metric, of the clean run and of its strongest heads' changes measured again;
    None where they were not. `reference_longest` is how many tokens, BOS counted, the longest text
    of the reference set has; None where the prompt is no longer, and without a set.
    """

    headsweep: str
    transformer_lens: str
    torch: str
    model_fingerprint: str
    device: str
    dtype: str
    seconds: float
    slower_because: str | None = None
    float32_distance: float | None = None
    reference_longest: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types, without what there is nothing to say of."""
        return {name: value for name, value in asdict(self).items() if value is not None}


def _measured(numbers: Baseline | Effect) -> dict[str, Any]:
    """The fields, without those that only an older result lacks."""
    later = {field.name for field in fields(numbers) if field.default is None}
    values = {each.name: getattr(numbers, each.name) for each in fields(numbers)}
    return {k: v for k, v in values.items() if v is not None or k not in later}

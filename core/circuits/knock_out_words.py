"""An attention knock-out in words. Imports no torch."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from core.prompts.tokens import visible_text
from core.results.metric_words import opposed_words
from core.results.metrics import PROB, Metric
from core.text.numbers import percent

if TYPE_CHECKING:
    from core.circuits.knock_out import KnockOut

WHY_MORE = (
    "One edge may cost more than the whole head ablated: its other weights grow to sum to 1, so it "
    "moves something else instead of nothing."
)
LONGEST = 24
"""Characters of a token that are written out."""


def knock_out_words(
    found: "KnockOut", tokens: Sequence[str], metric: Metric, answer: str = "target"
) -> str:
    """Which edges are gone, what they carried, and what that did to the answer, in a metric.

    `answer` is the target's text, its spaces visible.
    """
    heads, keys = found.heads, found.keys
    if len(heads) == 1:
        who, share = heads[0].label, f"{found.weights[0]:.2f} of its attention from there"
    else:
        who = f"{len(heads)} heads"
        low, high = min(found.weights), max(found.weights)
        share = f"{low:.2f} to {high:.2f} of a head’s attention from there"
    edge = "edge" if len(keys) == 1 else "edges"
    return (
        f"Without the {edge} from {named(found.query, tokens)} to {_keys(keys, tokens)} in {who} "
        f"({share}, clean): {_change(found, metric, answer)}."
    )


def named(position: int, tokens: Sequence[str]) -> str:
    """A position and its token, as "14 ␣fox"."""
    return f"{position} {visible_text(tokens[position])[:LONGEST]}"


def _change(found: "KnockOut", metric: Metric, answer: str) -> str:
    """As "P(␣jumps) 84.5 % → 41.7 % (−42.8 pp)"; in another metric that comes first."""
    effect, baseline = found.effect, found.baseline
    value = metric.value(effect)
    assert value is not None
    went = f"P({answer}) {percent(baseline.prob)} → {percent(effect.prob)}"
    if metric is PROB:
        return f"{went} ({metric.quantity(value)})"
    opposed = opposed_words(metric, effect, baseline)
    return f"{metric.quantity(value)} of {metric.short}; {went}{opposed}"


def _keys(keys: Sequence[int], tokens: Sequence[str]) -> str:
    first, last = named(keys[0], tokens), named(keys[-1], tokens)
    if len(keys) == 1:
        return first
    whole = len(keys) == keys[-1] - keys[0] + 1
    return f"{first} … {last}" if whole else f"{len(keys)} of {first} … {last}"

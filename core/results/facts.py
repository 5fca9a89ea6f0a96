"""A sweep in five facts: what the model says, and what the ablations changed most."""

from dataclasses import dataclass

from core.prompts.token_words import answer_words
from core.prompts.tokens import visible_text
from core.results.captions import slower_path_parts
from core.results.findings import NOTABLE
from core.results.result import HeadEffect, SweepResult
from core.text.numbers import percent, signed
from core.text.words import Words, joined, phrase, token

LIKELIEST = 5
"""How many of the likeliest next tokens are a fact."""


@dataclass(frozen=True)
class Likely:
    """One of the likeliest next tokens: its text, its spaces visible, and its probability."""

    text: str
    prob: float
    is_target: bool


@dataclass(frozen=True)
class Fact:
    """A title, and beneath it either one value with a line of detail, or `likeliest` as bars."""

    title: Words
    value: str = ""
    detail: Words = ()
    likeliest: tuple[Likely, ...] = ()


def facts(result: SweepResult) -> tuple[Fact, ...]:
    """P(target), the likeliest next tokens, the largest drop and rise, and what was swept.

    A sweep without any finished head has no drop and no rise.
    """
    return (_answered(result), _likeliest(result), *_extremes(result), _swept(result))


def fact_words(fact: Fact) -> Words:
    """A fact as one line, for media without cards."""
    if fact.likeliest:
        each = joined(
            ", ", (phrase(token(one.text), f" {percent(one.prob)}") for one in fact.likeliest)
        )
        return phrase(fact.title, ": ", each)
    return phrase(fact.title, f": {fact.value} (", fact.detail, ")")


def _answered(result: SweepResult) -> Fact:
    base, spec = result.baseline, result.spec
    detail = phrase(f"rank {base.rank:,}")
    # A run that an older Headsweep kept from somebody's file may have another number of them.
    if len(base.token_probs) == len(result.target_tokens) > 1:
        pairs = zip(result.target_tokens, base.token_probs, strict=True)
        each = (phrase(token(visible_text(text)), f" {percent(prob)}") for text, prob in pairs)
        rank = f" · first token’s rank {base.rank:,}"
        detail = phrase("token by token: ", joined(" · ", each), rank)
    if base.logit_diff is not None:
        against = f" · logit diff {signed(base.logit_diff, 2)} against "
        detail = phrase(detail, against, answer_words(result.foil_tokens, spec.foil))
    target = answer_words(result.target_tokens, spec.target)
    return Fact(phrase("P(", target, "), nothing ablated"), percent(base.prob), detail)


def _likeliest(result: SweepResult) -> Fact:
    return Fact(
        phrase("Likeliest next tokens, nothing ablated"),
        likeliest=tuple(
            Likely(visible_text(text), prob, text == result.target_tokens[0])
            for text, prob in result.baseline.top[:LIKELIEST]
        ),
    )


def _extremes(result: SweepResult) -> tuple[Fact, ...]:
    if not result.heads:
        return ()
    low = min(result.heads, key=lambda effect: effect.prob_change)
    high = max(result.heads, key=lambda effect: effect.prob_change)
    when = "" if result.complete else ", so far"
    return (
        _extreme(f"lowered the answer most{when}", low, low.prob_change <= -NOTABLE),
        _extreme(f"raised the answer most{when}", high, high.prob_change >= NOTABLE),
    )


def _extreme(did: str, effect: HeadEffect, notable: bool) -> Fact:
    title, label = phrase(f"Ablating it {did}"), effect.address.label
    change = f"{signed(100 * effect.prob_change)} pp"
    if not notable:
        none = f"none by {100 * NOTABLE:.0f} pp or more; {label} {change}"
        return Fact(title, "–", phrase(none))
    return Fact(title, label, phrase(f"{change} → {percent(effect.prob)}"))


def _swept(result: SweepResult) -> Fact:
    total, made = result.shape[0] * result.shape[1], result.provenance
    count = f"{total} heads" if result.complete else f"{len(result.heads)} of {total} heads"
    detail = f"{made.seconds:.2f} s · {made.device} · {made.dtype} · {result.spec.weights} weights"
    return Fact(phrase("Swept"), count, phrase(" · ".join((detail, *slower_path_parts(made)))))

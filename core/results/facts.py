"""A sweep in five facts: what the model says, and what the ablations changed most."""

from dataclasses import dataclass

from core.prompts.token_words import answer_words
from core.prompts.tokens import visible_text
from core.results.captions import slower_path_parts
from core.results.leading import opening
from core.results.metric_words import about_words, least_words, opposed_words
from core.results.metrics import PROB, Metric
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


def facts(result: SweepResult, metric: Metric | None = None) -> tuple[Fact, ...]:
    """P(target), the likeliest next tokens, the largest drop and rise, and what was swept.

    The drop and the rise are in a metric: the one that the sweep opens on unless one is given. A
    metric without a sign has the largest change alone; a sweep without any finished head, none.
    """
    return (*answer_facts(result, metric), swept_fact(result))


def answer_facts(result: SweepResult, metric: Metric | None = None) -> tuple[Fact, ...]:
    """The facts on the answer: all but what was swept, which holds a clock's seconds."""
    if metric is None or not metric.measures(result):
        metric = opening(result).metric
    return (*baseline_of(result), *_extremes(result, metric))


def baseline_of(result: SweepResult) -> tuple[Fact, Fact]:
    """P(target) and the likeliest next tokens: what the model says with nothing ablated."""
    return _answered(result), _likeliest(result)


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


def _extremes(result: SweepResult, metric: Metric) -> tuple[Fact, ...]:
    ranked = [effect for effect in result.heads if metric.value(effect) is not None]
    if not ranked:
        return ()
    when = "" if result.complete else ", so far"
    high = max(ranked, key=lambda effect: metric.value(effect) or 0.0)
    if not metric.signed:
        return (_extreme("moved", when, high, metric, result),)
    low = min(ranked, key=lambda effect: metric.value(effect) or 0.0)
    return (
        _extreme("lowered", when, low, metric, result, sign=-1),
        _extreme("raised", when, high, metric, result),
    )


def _extreme(
    verb: str, when: str, effect: HeadEffect, metric: Metric, result: SweepResult, sign: int = 1
) -> Fact:
    about = "the answer" if metric is PROB else about_words(metric, result)
    title, label = phrase(f"Ablating it {verb} ", about, f" most{when}"), effect.address.label
    value = metric.value(effect)
    assert value is not None
    if not metric.is_notable(value) or value * sign < 0:
        none = f"none by {least_words(metric)} or more; {label} {metric.quantity(value)}"
        return Fact(title, "–", phrase(none))
    change = f"{metric.quantity(value)} → " if metric is PROB else f"{metric.quantity(value)}, P → "
    opposed = opposed_words(metric, effect, result.baseline, result)
    return Fact(title, label, phrase(f"{change}{percent(effect.prob)}{opposed}"))


def swept_fact(result: SweepResult) -> Fact:
    """How many heads, how long it took, and with what."""
    total, made = result.shape[0] * result.shape[1], result.provenance
    heads = "1 head" if total == 1 else f"{total} heads"
    count = heads if result.complete else f"{len(result.heads)} of {heads}"
    detail = f"{made.seconds:.2f} s · {made.device} · {made.dtype} · {result.spec.weights} weights"
    return Fact(phrase("Swept"), count, phrase(" · ".join((detail, *slower_path_parts(made)))))

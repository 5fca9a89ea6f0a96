"""A sweep's facts and findings as runs of words, without any markup.

A run is (text, kind): "" is plain, "b" bold, "code" a token. Whoever shows them decides how.
"""

from typing import Any

from core.prompts.tokens import visible
from core.results.findings import NOTABLE, Findings
from core.results.result import HeadEffect, SweepResult
from core.spec.answer import Answer
from core.text.numbers import percent, signed

Run = tuple[str, str]
Runs = list[Run]
BARS = 5
"""How many of the likeliest next tokens are a fact."""


def facts(result: SweepResult) -> list[dict[str, Any]]:
    """Title, one big word and a line beneath it, each; or how many bars."""
    likeliest = {"title": [("Likeliest next tokens, nothing ablated", "")], "bars": BARS}
    return [_answered(result), likeliest, *_extremes(result), _swept(result)]


def finding_sentences(result: SweepResult, found: Findings) -> list[Runs]:
    """What lowered the answer, what raised it, where those heads are, and how many matter."""
    total = result.shape[0] * result.shape[1]
    so_far: Runs = [("So far", "b"), (f": {found.n_heads} of {total} heads are in.", "")]
    sentences = [
        [] if result.complete else so_far,
        _direction("lowered", found.lowered, result),
        _direction("raised", found.raised, result),
        _spread(found) if result.complete else [],
        _count(found),
    ]
    return [sentence for sentence in sentences if sentence]


def strip_count(result: SweepResult) -> str:
    """What stands beneath the tokens."""
    spec, n_target = result.spec, len(result.target_tokens)
    said = [
        f"{len(result.tokens):,} tokens" + (", BOS included" if spec.prepend_bos else ", no BOS")
    ]
    if isinstance(spec.target, tuple):
        said.append(f"the target is any of {n_target} tokens: their probabilities are added")
    elif n_target > 1:
        said.append(
            f"the target is {n_target} tokens: its probability is the product over all of them"
        )
    typed = sum(result.special) - bool(spec.prepend_bos)
    if typed > 0:
        said.append(
            f"{typed} special token{'s' if typed > 1 else ''} in the prompt: read by the model as "
            "a marker, not as text"
        )
    return " · ".join(said)


def answer_runs(tokens: tuple[str, ...], answer: Answer | None) -> Runs:
    """A target or foil: one token after the other, or a set's members with "or" between."""
    if not isinstance(answer, tuple):
        return [("".join(map(visible, tokens)), "code")]
    first, *others = (visible(text) for text in tokens)
    return [(first, "code"), *(run for text in others for run in ((" or ", ""), (text, "code")))]


def _answered(result: SweepResult) -> dict[str, Any]:
    base, spec = result.baseline, result.spec
    target = answer_runs(result.target_tokens, spec.target)
    sub: Runs = [(f"rank {base.rank:,}", "")]
    if len(base.token_probs) > 1:
        each: Runs = [
            run
            for text, prob in zip(result.target_tokens, base.token_probs, strict=True)
            for run in ((visible(text), "code"), (f" {percent(prob)} · ", ""))
        ]
        sub = [("token by token: ", ""), *each, (f"first token’s rank {base.rank:,}", "")]
    if base.logit_diff is not None:
        against = f" · logit diff {signed(base.logit_diff, 2)} against "
        sub += [(against, ""), *answer_runs(result.foil_tokens, spec.foil)]
    return {
        "title": [("P(", ""), *target, ("), nothing ablated", "")],
        "big": percent(base.prob),
        "sub": sub,
    }


def _extremes(result: SweepResult) -> list[dict[str, Any]]:
    if not result.heads:
        return []
    low = min(result.heads, key=lambda effect: effect.prob_change)
    high = max(result.heads, key=lambda effect: effect.prob_change)
    return [
        _extreme("lowered", low, low.prob_change <= -NOTABLE),
        _extreme("raised", high, high.prob_change >= NOTABLE),
    ]


def _extreme(verb: str, effect: HeadEffect, notable: bool) -> dict[str, Any]:
    change = f"{signed(100 * effect.prob_change)} pp"
    title: Runs = [(f"Ablating it {verb} the answer most", "")]
    if not notable:
        none = f"none by {100 * NOTABLE:.0f} pp or more; {effect.address.label} {change}"
        return {"title": title, "big": "–", "sub": [(none, "")]}
    sub: Runs = [(f"{change} → {percent(effect.prob)}", "")]
    return {"title": title, "big": effect.address.label, "sub": sub}


def _swept(result: SweepResult) -> dict[str, Any]:
    total, made = result.shape[0] * result.shape[1], result.provenance
    count = f"{total} heads" if result.complete else f"{len(result.heads)} of {total} heads"
    said = f"{made.seconds:.2f} s · {made.device} · {made.dtype} · {result.spec.weights} weights"
    return {"title": [("Swept", "")], "big": count, "sub": [(said, "")]}


def _direction(verb: str, effects: tuple[HeadEffect, ...], result: SweepResult) -> Runs:
    target = answer_runs(result.target_tokens, result.spec.target)
    if not effects:
        rest = f") by {100 * NOTABLE:.0f} pp or more from its {percent(result.baseline.prob)}."
        return [(f"No single head’s ablation {verb} P(", ""), *target, (rest, "")]
    named: Runs = []
    for effect in effects:
        named += [
            (", " if named else "", ""),
            (effect.address.label, "b"),
            (f" ({signed(100 * effect.prob_change)} pp, to {percent(effect.prob)})", ""),
        ]
    said = f", ablating these heads {verb} P("
    return [("On this prompt", "b"), (said, ""), *target, (") most: ", ""), *named, (".", "")]


def _spread(found: Findings) -> Runs:
    total = sum(count for _, count in found.spread)
    if total == 0 or len(found.spread) < 2:
        return []
    parts = ", ".join(f"{count} in {_layers(*ends)}" for ends, count in found.spread)
    which = f"the {total} largest drops" if total > 1 else "the one notable drop"
    return [(f"Of {which}: {parts}.", "")]


def _layers(first: int, last: int) -> str:
    return f"layer {first}" if first == last else f"layers {first}–{last}"


def _count(found: Findings) -> Runs:
    said = f"{found.n_notable} of {found.n_heads} heads, ablated alone, moved it by "
    return [(f"{said}{100 * NOTABLE:.0f} pp or more in either direction.", "")]

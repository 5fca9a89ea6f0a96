"""The findings of a sweep in sentences, the same on the page, in a report and in a terminal."""

from core.prompts.token_words import answer_words
from core.results.findings import NOTABLE, Findings
from core.results.result import HeadEffect, SweepResult
from core.text.numbers import percent, signed
from core.text.words import Words, bold, joined, phrase

CAVEATS = "Read with care"
"""The heading of the findings' caveats."""


def finding_words(result: SweepResult, findings: Findings) -> tuple[Words, ...]:
    """What lowered the answer, what raised it, where those heads are, and how many matter."""
    total = result.shape[0] * result.shape[1]
    so_far = phrase(bold("So far"), f": {findings.n_heads} of {total} heads are in.")
    sentences = (
        () if result.complete else so_far,
        _direction("lowered", findings.lowered, result),
        _direction("raised", findings.raised, result),
        _spread(findings) if result.complete else (),
        _count(findings),
    )
    return tuple(sentence for sentence in sentences if sentence)


def _direction(verb: str, effects: tuple[HeadEffect, ...], result: SweepResult) -> Words:
    target = answer_words(result.target_tokens, result.spec.target)
    if not effects:
        rest = f") by {100 * NOTABLE:.0f} pp or more from its {percent(result.baseline.prob)}."
        return phrase(f"No single head’s ablation {verb} P(", target, rest)
    named = joined(
        ", ",
        (
            phrase(
                bold(effect.address.label),
                f" ({signed(100 * effect.prob_change)} pp, to {percent(effect.prob)})",
            )
            for effect in effects
        ),
    )
    did = f", ablating these heads {verb} P("
    return phrase(bold("On this prompt"), did, target, ") most: ", named, ".")


def _spread(found: Findings) -> Words:
    total = sum(count for _, count in found.spread)
    if total == 0 or len(found.spread) < 2:
        return ()
    parts = ", ".join(f"{count} in {_layers(*ends)}" for ends, count in found.spread)
    which = f"the {total} largest drops" if total > 1 else "the one notable drop"
    return phrase(f"Of {which}: {parts}.")


def _layers(first: int, last: int) -> str:
    return f"layer {first}" if first == last else f"layers {first}–{last}"


def _count(found: Findings) -> Words:
    return phrase(
        f"{found.n_notable} of {found.n_heads} heads, ablated alone, moved it by "
        f"{100 * NOTABLE:.0f} pp or more in either direction."
    )

"""The findings of a sweep in sentences, the same on the page, in a report and in a terminal."""

from core.results.findings import Findings
from core.results.leading import leading_of
from core.results.metric_words import about_words, change_words, least_words
from core.results.metrics import PROB
from core.results.result import HeadEffect, SweepResult
from core.text.numbers import percent
from core.text.words import Words, bold, joined, phrase

CAVEATS = "Read with care"
"""The heading of the findings' caveats."""


def finding_words(result: SweepResult, findings: Findings) -> tuple[Words, ...]:
    """The strongest fact, which may be a layer; then layers whose heads hide each other.

    Then what lowered the answer, what raised it, where those heads are, and how many matter.
    """
    layers = [each.words for each in findings.joint_layers if each.words != findings.headline]
    sentences = (
        findings.headline,
        *layers,
        *(_directions(findings, result) if findings.n_notable else ()),
        _spread(findings) if result.complete else (),
        _count(findings, result),
    )
    return tuple(sentence for sentence in sentences if sentence)


def _directions(found: Findings, result: SweepResult) -> tuple[Words, ...]:
    if not found.metric.signed:
        return (_direction("moved", found.raised, found, result),)
    return (
        _direction("lowered", found.lowered, found, result),
        _direction("raised", found.raised, found, result),
    )


def _direction(
    verb: str, effects: tuple[HeadEffect, ...], found: Findings, result: SweepResult
) -> Words:
    metric, about = found.metric, about_words(found.metric, result)
    if not effects:
        least = f" by {least_words(metric)} or more"
        start = f" from its {percent(result.baseline.prob)}" if metric is PROB else ""
        return phrase(f"No single head’s ablation {verb} ", about, f"{least}{start}.")
    named = joined(
        ", ",
        (
            phrase(
                bold(effect.address.label),
                f" ({change_words(metric, effect, result.baseline, result)})",
            )
            for effect in effects
        ),
    )
    did = f", ablating these heads {verb} "
    return phrase(bold("On this prompt"), did, about, " most: ", named, ".")


def _spread(found: Findings) -> Words:
    total = sum(count for _, count in found.spread)
    if total == 0 or len(found.spread) < 2:
        return ()
    parts = ", ".join(f"{count} in {_layers(*ends)}" for ends, count in found.spread)
    what = "drop" if found.metric.signed else "change"
    which = f"the {total} largest {what}s" if total > 1 else f"the one notable {what}"
    return phrase(f"Of {which}: {parts}.")


def _layers(first: int, last: int) -> str:
    return f"layer {first}" if first == last else f"layers {first}–{last}"


def _count(found: Findings, result: SweepResult) -> Words:
    heads = "1 head" if found.n_heads == 1 else f"{found.n_heads} heads"
    either = " or more in either direction." if found.metric.signed else " or more."
    return phrase(
        f"{found.n_notable} of {heads}, ablated alone, moved ",
        about_words(found.metric, result),
        f" by {least_words(found.metric)}{either}{_within_rounding(found, result)}",
    )


def _within_rounding(found: Findings, result: SweepResult) -> str:
    """Said of a count whose line lies within what bfloat16 was measured to move."""
    apart, metric = result.provenance.float32_distance, found.metric
    if apart is None or metric is not leading_of(result) or apart <= metric.notable:
        return ""
    return (
        f" That line lies within the rounding of this run ({apart:.2g} nats): the count is no more "
        "than a rough one."
    )

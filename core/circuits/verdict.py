"""One head's measurements in three sentences: its effect, its route, and what weakens this.

Every number in a sentence is shown in one of the views that the sentence names. Nothing is stated
that was not measured: a role score says where a head attends, not why its ablation mattered.
Imports no torch.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.circuits.head_scores import THRESHOLD, HeadScores
from core.prompts.token_words import answer_words
from core.results.findings import NOTABLE, NOTABLE_NATS
from core.results.result import HeadEffect, SweepResult
from core.spec.ablation import AblationKind
from core.spec.heads import Head
from core.text.numbers import percent, share, signed
from core.text.words import Words, phrase, plain

if TYPE_CHECKING:
    from core.circuits.direct_effect import DirectEffect

HALF = 0.5
"""Position 0 is mentioned if ablating it alone has at least this share of the effect."""

SWEEP, KINDS = "sweep", "kinds"
DIRECT_EFFECT, SCORES, POSITIONS = "direct-effect", "scores", "positions"
"""Where the numbers of a sentence are shown: in the sweep, or in a view of the head."""


@dataclass(frozen=True)
class Sentence:
    """A statement, and the views that show its numbers."""

    words: Words
    shown_in: tuple[str, ...]

    @property
    def text(self) -> str:
        """The statement without its styles."""
        return plain(self.words)


def verdict(
    result: SweepResult,
    effect: HeadEffect,
    direct_effect: "DirectEffect | None",
    by_kind: Mapping[AblationKind, HeadEffect],
    roles: HeadScores | None,
    first_position: float | None = None,
) -> tuple[Sentence, Sentence, Sentence]:
    """Three sentences on one head of a sweep.

    `direct_effect` is None if the parts of the model cannot be read one by one; `roles` is None if
    they are not measured yet. `first_position` is the change in log prob when the head is ablated
    at position 0 alone, as a share of its whole change.
    """
    return (
        _mattered(result, effect),
        _how(direct_effect, roles, effect.address),
        _weakened(result, effect, by_kind, first_position),
    )


def matters(effect: HeadEffect) -> bool:
    """Whether an ablation changed the answer by at least `NOTABLE` or `NOTABLE_NATS`."""
    return _moved(effect) or abs(effect.logit_diff_change or 0.0) >= NOTABLE_NATS


def _mattered(result: SweepResult, effect: HeadEffect) -> Sentence:
    spec, base = result.spec, result.baseline
    target = phrase("P(", answer_words(result.target_tokens, spec.target), ")")
    numbers = f"{signed(100 * effect.prob_change)} pp, {signed(effect.logprob_change, 2)} nats"
    if effect.logit_diff_change is not None:
        numbers += f", logit difference {signed(effect.logit_diff_change, 2)}"
    went = f"{percent(base.prob)} → {percent(effect.prob)} ({numbers})"
    who = f"On this prompt, ablating {effect.address.label} ({spec.ablation.label.lower()})"
    if not matters(effect):
        did = phrase("hardly mattered: ", target, f" {went}")
    elif _moved(effect):
        did = phrase(f"{_verb(effect.logprob_change)} ", target, f": {went}")
    else:
        change = effect.logit_diff_change
        assert change is not None
        against = f"{_verb(change)} the target against the foil, and hardly moved "
        did = phrase(against, target, f": {went}")
    return Sentence(phrase(f"{who} ", did, f", {_place(result, effect)}."), (SWEEP,))


def _moved(effect: HeadEffect) -> bool:
    """Whether the target's probability or log prob changed by at least the notable amount."""
    return abs(effect.prob_change) >= NOTABLE or abs(effect.logprob_change) >= NOTABLE_NATS


def _verb(change: float) -> str:
    return "lowered" if change < 0 else "raised"


def _place(result: SweepResult, effect: HeadEffect) -> str:
    ranked = [each.address for each in result.ranked()]
    place = ranked.index(effect.address) + 1
    if place == 1:
        return f"the largest change of {len(ranked)} heads"
    return f"{ordinal(place)} of {len(ranked)} heads by size"


def ordinal(n: int) -> str:
    """1st, 2nd, 11th."""
    suffix = "th" if 10 <= n % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(n % 10, "th")
    return f"{n}{suffix}"


def _how(direct_effect: "DirectEffect | None", roles: HeadScores | None, head: Head) -> Sentence:
    parts, shown_in = [], []
    if direct_effect is not None:
        parts.append(_mechanism(direct_effect))
        shown_in.append(DIRECT_EFFECT)
    if roles is not None:
        parts.append(_looks_like(roles, head))
        shown_in.append(SCORES)
    if not parts:
        parts.append("by which route it acts could not be measured on this model")
    text = "; ".join(parts)
    return Sentence(phrase(f"{text[:1].upper()}{text[1:]}."), tuple(shown_in))


def _mechanism(measured: "DirectEffect") -> str:
    metric = "logit difference" if measured.metric == "logit_diff_change" else "log probability"
    total, direct, rest = (
        signed(value, 2) for value in (measured.total, measured.direct, measured.downstream)
    )
    sums = f"of {total} nats of {metric}, {direct} directly and {rest} through later components"
    sentences = {
        "small": f"its effect is too small to speak of a route ({sums})",
        "direct": f"it acts mostly directly on the answer: {sums}",
        "later components": f"it acts through later components: {sums}",
        "self-repair": f"what it adds directly is made up for by later components (self-repair): "
        f"{sums}",
    }
    return sentences[measured.mechanism.value]


def _looks_like(roles: HeadScores, head: Head) -> str:
    scores = roles.mean[:, head.layer, head.head]
    best = roles.roles[int(scores.argmax())]
    number = f"{scores.max():.2f}"
    if (named := roles.looks_like(head)) is None:
        return (
            f"on repeated random tokens it looks like none of the five kinds (its highest score "
            f"is {best}, {number}; the line is at {THRESHOLD})"
        )
    above = roles.percentile(named, head)
    place = "" if above != above else f", above {above:.0f} % of the other heads"  # NaN: alone
    return (
        f"on repeated random tokens it looks like {_article(named)} {named} head "
        f"({number}{place}), which says where it looks and not what it does here"
    )


def _article(word: str) -> str:
    return "an" if word[0] in "aeiou" else "a"


def _weakened(
    result: SweepResult,
    effect: HeadEffect,
    by_kind: Mapping[AblationKind, HeadEffect],
    first_position: float | None,
) -> Sentence:
    base, reasons, shown_in = result.baseline, ["it is one prompt"], [SWEEP]
    if disagreement := _disagreement(by_kind):
        reasons.append(disagreement)
        shown_in.append(KINDS)
    elif len(by_kind) > 1:
        low, high = _range(by_kind)
        reasons.append(
            f"the kind of ablation matters, though here all {len(by_kind)} agree in direction or "
            f"are small ({signed(low, 2)} to {signed(high, 2)} nats of {_metric_name(by_kind)})"
        )
        shown_in.append(KINDS)
    if first_position is not None and abs(first_position) >= HALF:
        reasons.append(
            f"ablating it at position 0 alone does {share(first_position)} of the change in log "
            "probability, where heads rest rather than read"
        )
        shown_in.append(POSITIONS)
    if base.prob < 0.05 or base.prob > 0.95:
        end = "0" if base.prob < 0.05 else "100"
        reasons.append(
            f"the baseline of {percent(base.prob)} is near {end} %, where probability shows little"
        )
    if base.rank > 1:
        reasons.append(f"the target ranks {base.rank} without any ablation")
    if not matters(effect):
        reasons.append("another head may do the same job when this one is gone")
    return Sentence(phrase(f"What weakens this: {'; '.join(reasons)}."), tuple(shown_in))


def _disagreement(by_kind: Mapping[AblationKind, HeadEffect]) -> str:
    """A sentence part if the kinds disagree in direction or in size, else ""."""
    if len(by_kind) < 2:
        return ""
    low, high = _range(by_kind)
    least, most = (
        end(by_kind, key=lambda kind: leading_change(by_kind[kind])).label.lower()
        for end in (min, max)
    )
    between = (
        f"{signed(low, 2)} nats of {_metric_name(by_kind)} under {least}, "
        f"{signed(high, 2)} under {most}"
    )
    if low <= -NOTABLE_NATS and high >= NOTABLE_NATS:
        return f"the kinds of ablation disagree in direction ({between})"
    if max(abs(low), abs(high)) >= NOTABLE_NATS and high - low > HALF * max(abs(low), abs(high)):
        return f"the kinds of ablation disagree in size ({between})"
    return ""


def leading_change(effect: HeadEffect) -> float:
    """The change in logit difference if there is a foil, else in log prob; both in nats."""
    change = effect.logit_diff_change
    return effect.logprob_change if change is None else change


def _metric_name(by_kind: Mapping[AblationKind, HeadEffect]) -> str:
    foil = any(effect.logit_diff_change is not None for effect in by_kind.values())
    return "logit difference" if foil else "log probability"


def _range(by_kind: Mapping[AblationKind, HeadEffect]) -> tuple[float, float]:
    """The smallest and the largest change over the kinds, in nats."""
    changes = [leading_change(effect) for effect in by_kind.values()]
    return min(changes), max(changes)

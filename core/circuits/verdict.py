"""One head's measurements in three sentences: its effect, its route, and what weakens this.

Every number in a sentence is shown in one of the views that the sentence names. Nothing is stated
that was not measured: a role score says where a head attends, not why its ablation mattered.
Imports no torch.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.circuits.head_scores import THRESHOLD, HeadScores
from core.circuits.mechanism_words import route_words
from core.circuits.score_places import FEW, score_rank
from core.results.leading import NOTABLE_NATS, leading, leading_of, opening, shows_in_prob
from core.results.metric_words import about_words, opposed_words
from core.results.metrics import LOGIT_DIFF, PROB, Metric
from core.results.result import Effect, HeadEffect, SweepResult
from core.spec.ablation import AblationKind, listed
from core.spec.heads import Head
from core.text.numbers import ordinal, percent, share_of, signed
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
    metric: Metric | None = None,
) -> tuple[Sentence, Sentence, Sentence]:
    """Three sentences on one head of a sweep.

    `direct_effect` is None if the parts of the model cannot be read one by one; `roles` is None if
    they are not measured yet. `first_position` is the change when the head is ablated at position
    0 alone, as a share of its whole change, in the leading metric. The head's place among the
    others is that in `metric`: the one the sweep opens on unless one is given.
    """
    if metric is None or not metric.measures(result):
        metric = opening(result).metric
    return (
        _mattered(result, effect, metric),
        _how(direct_effect, roles, effect.address),
        _weakened(result, effect, by_kind, first_position),
    )


def matters(effect: HeadEffect) -> bool:
    """Whether an ablation changed the leading metric by at least `NOTABLE_NATS`."""
    return abs(leading_change(effect)) >= NOTABLE_NATS


def leading_change(effect: Effect) -> float:
    """The change in logit difference if there is a foil, else in log odds; both in nats."""
    change = effect.logit_diff_change
    return effect.logodds_change if change is None else change


def _mattered(result: SweepResult, effect: HeadEffect, metric: Metric) -> Sentence:
    who = f"On this prompt, ablating {effect.address.label} ({result.spec.ablation.label.lower()})"
    if matters(effect):
        did, colon = f" {_verb(leading_change(effect))} ", ":"
    else:
        did, colon = (
            (" hardly changed ", ":") if _moved_both(effect) else (" hardly mattered: ", "")
        )
    went = (_prob_went if result.baseline.logit_diff is None else _difference_went)(
        result, effect, colon
    )
    return Sentence(phrase(who, did, went, f", {place_words(result, effect, metric)}."), (SWEEP,))


def _prob_went(result: SweepResult, effect: HeadEffect, colon: str) -> Words:
    # Near 0 points are 0.0 whatever happens: then they say nothing.
    points = f"{signed(100 * effect.prob_change)} pp, " if _shows_points(effect) else ""
    numbers = f"{points}log odds {signed(effect.logodds_change, 2)}"
    went = f"{percent(result.baseline.prob)} → {percent(effect.prob)}"
    return phrase(about_words(PROB, result), f"{colon} {went} ({numbers})")


def _difference_went(result: SweepResult, effect: HeadEffect, colon: str) -> Words:
    base, change = result.baseline, leading_change(effect)
    assert base.logit_diff is not None
    went = f"{signed(base.logit_diff, 2)} → {signed(base.logit_diff + change, 2)}"
    prob = f"{percent(base.prob)} → {percent(effect.prob)}"
    points = f" ({signed(100 * effect.prob_change)} pp)" if _shows_points(effect) else ""
    opposed = opposed_words(LOGIT_DIFF, effect, base, result)
    if not matters(effect) and _moved_both(effect):
        way = "fell" if effect.logodds_change < 0 else "rose"
        opposed = f": target and foil {way} together"
    return phrase(
        about_words(LOGIT_DIFF, result),
        f"{colon} {went} ({signed(change, 2)} nats); ",
        about_words(PROB, result),
        f" {prob}{points}{opposed}",
    )


def _moved_both(effect: Effect) -> bool:
    """Whether target and foil went the same way: their difference says less than happened.

    The target's log odds changed by at least `NOTABLE_NATS`; without a foil there is one metric.
    """
    return effect.logit_diff_change is not None and abs(effect.logodds_change) >= NOTABLE_NATS


def _shows_points(effect: Effect) -> bool:
    """Whether the change of probability is not written 0.0."""
    return float(f"{100 * effect.prob_change:.1f}") != 0


def _verb(change: float) -> str:
    return "lowered" if change < 0 else "raised"


def place_words(result: SweepResult, effect: HeadEffect, metric: Metric) -> str:
    """A head's place among the finished ones, by the size of its change in a metric."""
    ranked = [each.address for each in result.ranked(metric.field)]
    if len(ranked) == 1:
        return "the only head that was ablated"
    if metric.value(effect) == 0:  # it has no place: as many as there are may share it
        return f"without any change in {metric.short}"
    place = ranked.index(effect.address) + 1
    if place == 1:
        return f"the largest change in {metric.short} of {len(ranked)} heads"
    return f"{ordinal(place)} of {len(ranked)} heads by change in {metric.short}"


def _how(direct_effect: "DirectEffect | None", roles: HeadScores | None, head: Head) -> Sentence:
    parts, shown_in = [], []
    if direct_effect is not None:
        parts.append(route_words(direct_effect))
        shown_in.append(DIRECT_EFFECT)
    if roles is not None:
        parts.append(_looks_like(roles, head))
        shown_in.append(SCORES)
    if not parts:
        parts.append("by which route it acts could not be measured on this model")
    text = "; ".join(parts)
    return Sentence(phrase(f"{text[:1].upper()}{text[1:]}."), tuple(shown_in))


def _looks_like(roles: HeadScores, head: Head) -> str:
    scores = roles.mean[:, head.layer, head.head]
    best = roles.roles[int(scores.argmax())]
    number = f"{scores.max():.2f}"
    if (named := roles.looks_like(head)) is None:
        return (
            f"on repeated random tokens it looks like none of the five roles (its highest score "
            f"is {best}, {number}; the line is at {THRESHOLD})"
        )
    place = _place_in_scores(roles, named, head)
    return (
        f"on repeated random tokens it looks like {_article(named)} {named} head "
        f"({number}{place}), which says where it looks and not what it does here"
    )


def _place_in_scores(roles: HeadScores, role: str, head: Head) -> str:
    """Where a head's score stands: the rank among few, above which share of the others if many."""
    scores = roles.values(role)
    n_others = scores.size - 1
    if not n_others:
        return ""
    if n_others < FEW:
        rank = score_rank(roles, role, head)
        return f", the {'' if rank == 1 else f'{ordinal(rank)} '}highest of {scores.size} heads"
    return f", above {roles.percentile(role, head):.0f} % of the other heads"


def _article(word: str) -> str:
    return "an" if word[0] in "aeiou" else "a"


def _weakened(
    result: SweepResult,
    effect: HeadEffect,
    by_kind: Mapping[AblationKind, HeadEffect],
    first_position: float | None,
) -> Sentence:
    base, reasons, shown_in = result.baseline, ["it is one prompt"], [SWEEP]
    if disagreement := _disagreement(_informative(by_kind, n_heads=result.shape[1])):
        reasons.append(disagreement)
        shown_in.append(KINDS)
    if untried := _untried(by_kind):
        reasons.append(untried)
        if KINDS not in shown_in:
            shown_in.append(KINDS)
    if first_position is not None and abs(first_position) >= HALF and matters(effect):
        reasons.append(first_position_words(result, first_position))
        shown_in.append(POSITIONS)
    if not shows_in_prob(base.prob):
        end = "0" if base.prob < HALF else "100"
        reasons.append(
            f"the baseline of {percent(base.prob)} is near {end} %, where probability shows little"
        )
    if base.rank > 1:
        reasons.append(f"the target ranks {base.rank:,} without any ablation")
    if not (matters(effect) or _moved_both(effect)) and any(map(matters, result.heads)):
        reasons.append("another head may do the same job when this one is gone")
    return Sentence(phrase(f"What weakens this: {'; '.join(reasons)}."), tuple(shown_in))


def _informative(
    by_kind: Mapping[AblationKind, HeadEffect], n_heads: int
) -> Mapping[AblationKind, HeadEffect]:
    """Without kinds that keep a share of the layer's one head, which is the head itself."""
    if n_heads > 1:
        return by_kind
    return {kind: effect for kind, effect in by_kind.items() if not kind.traits.keeps_share}


def _untried(by_kind: Mapping[AblationKind, HeadEffect]) -> str:
    """Which kinds were not measured, each with what it would take: their agreement is unknown."""
    missing = [kind for kind in AblationKind if kind not in by_kind]
    if not by_kind or not missing:
        return ""
    named = listed(missing).lower()
    verb = "was" if len(missing) == 1 else "were"
    return f"{named} {verb} not tried, and may say something else"


def first_position_words(result: SweepResult, part: float) -> str:
    """What ablating a head at position 0 alone does, as a share of its whole change."""
    moved = share_of(part, f"the change in {leading_of(result).short}")
    rests = ", where heads rest rather than read" if result.spec.prepend_bos else ""
    return f"ablating it at position 0 alone{rests}: {moved}"


def _disagreement(by_kind: Mapping[AblationKind, HeadEffect]) -> str:
    """A sentence part if the kinds disagree in direction or in size, else ""."""
    if len(by_kind) < 2:
        return ""
    least, most = (
        end(by_kind, key=lambda kind: leading_change(by_kind[kind])) for end in (min, max)
    )
    low, high = leading_change(by_kind[least]), leading_change(by_kind[most])
    has_foil = by_kind[least].logit_diff_change is not None
    between = (
        f"{signed(low, 2)} nats of {leading(has_foil=has_foil).short} under "
        f"{least.label.lower()}, {signed(high, 2)} under {most.label.lower()}"
    )
    if low <= -NOTABLE_NATS and high >= NOTABLE_NATS:
        return f"the kinds of ablation disagree in direction ({between})"
    if max(abs(low), abs(high)) >= NOTABLE_NATS and high - low > HALF * max(abs(low), abs(high)):
        return f"the kinds of ablation disagree in size ({between})"
    return ""

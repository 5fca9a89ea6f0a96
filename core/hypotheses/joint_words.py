"""What is said of a set of heads and MLPs: its place among other sets, its sum, its pairs.

Page and JSON say it in these words.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from core.hypotheses.relation import Relation
from core.results.leading import NOTABLE_NATS
from core.results.metric_words import change_words
from core.results.metrics import BY_FIELD, LOGIT_DIFF
from core.spec.members import Member, heads_of, kinds_of, mlps_of
from core.text.numbers import percent, signed

if TYPE_CHECKING:  # these import torch, which no sentence needs
    from core.hypotheses.interactions import Interactions, Pair
    from core.hypotheses.joint import JointTest

_OTHER_LAYERS = "A layer has a single MLP, so that MLPs are compared with those of other layers."


def metric_name(metric: str) -> str:
    """The leading metric as it is written in a sentence."""
    return "logit difference" if metric == LOGIT_DIFF.field else "log odds"


def joint_words(test: "JointTest") -> str:
    """What ablating the set did: the change in the metric, and P before and after."""
    named = ", ".join(member.label for member in test.heads)
    went = change_words(BY_FIELD[test.metric], test.joint, test.baseline)
    return f"{named} ablated at once: {metric_name(test.metric)} {went}."


def went_words(before: float, after: float) -> str:
    """P of the target in the clean run and under an ablation: two fractions."""
    return f"P {percent(before)} → {percent(after)}"


def comparison_words(test: "JointTest") -> str:
    """Where the set stands among the others that were compared, and what that is worth."""
    place, n = test.place, len(test.others)
    if place is None:
        return f"There is no other set of {alike_words(test.heads)} to compare with."
    without = f"without the chosen {kinds_of(test.heads)}"
    if place.percentile is None:
        others = "the only other" if n == 1 else f"all {n} others"
        exist = "exists" if n == 1 else "exist"
        said = f"Its change is the {place.words}: this set and {others} that {exist} {without}."
    else:
        which = f"all {n:,}" if n == test.n_possible else f"{n:,} of {test.n_possible:,}"
        said = (
            f"Its change is below that of {place.percentile:.0f} % of the {n} sets compared "
            f"({which} that exist {without})."
        )
    said += " A place among these sets, not a p-value."
    if mlps_of(test.heads):
        said += f" {_OTHER_LAYERS}"
    return f"{said} {_strongest_words(test.heads)}" if test.strongest else said


def alike_words(members: Sequence[Member]) -> str:
    """What a comparison set has in common with the chosen one."""
    parts = [
        said
        for said, some in (
            ("as many heads in these layers", heads_of(members)),
            ("as many other MLPs", mlps_of(members)),
        )
        if some
    ]
    return " and ".join(parts)


def _strongest_words(members: Sequence[Member]) -> str:
    kinds = kinds_of(members)
    if len(members) == 1:
        return (
            f"This is the strongest {kinds.removesuffix('s')} of the sweep: chosen by its effect, "
            "it stands high by construction, and its place is no evidence."
        )
    return (
        f"These are the strongest {kinds} of the sweep: chosen by their effects, a set stands high "
        "by construction, and its place is no evidence."
    )


def redundancy_words(test: "JointTest") -> str:
    """What the joint change says beside the sum of the single ones."""
    if len(test.heads) == 1:
        kind = kinds_of(test.heads).removesuffix("s")
        return f"One {kind}: there is nothing to add up."
    return f"{_relation_words(test)} ({went_words(test.baseline.prob, test.joint.prob)})."


def _relation_words(test: "JointTest") -> str:
    """The relation of the joint change to the single ones: a sentence without its full stop."""
    name, relation = metric_name(test.metric), test.relation
    size = f"{abs(test.redundancy):.2f} nats of {name}"
    return {
        Relation.ADDITIVE: f"The sum and the joint change differ by less than {NOTABLE_NATS} nats "
        f"of {name}: they add up",
        Relation.BACKUP: f"Together they cost {size} more than their single changes add up to, and "
        "more than any one alone: they back each other up",
        Relation.GAINS: f"Ablating each alone raises it, ablating all by {size} less than their "
        "single changes add up to: overlapping gains, no backup",
        Relation.LOSSES: f"Together they cost {size} less than their single changes add up to"
        f"{_less_than_one(test)}: overlapping losses",
        Relation.NOT_ADDITIVE: f"The joint change lies {size} "
        f"{'below' if test.redundancy < 0 else 'above'} the sum of the single ones: not additive",
    }[relation]


def _less_than_one(test: "JointTest") -> str:
    """Where the whole set costs notably less than one of its members alone."""
    worst = min(test.single_changes)
    if test.change < worst + NOTABLE_NATS:
        return ""
    alone = test.heads[test.single_changes.index(worst)].label
    return f", and less than {alone} alone ({signed(test.change, 2)} and {signed(worst, 2)})"


def all_additive_words(found: "Interactions") -> str:
    """Said where every pair adds up."""
    return f"Every pair adds up, to less than {NOTABLE_NATS} nats of {metric_name(found.metric)}."


def pair_words(pair: "Pair") -> str:
    """A pair with its I, its joint change, and P before and after."""
    one, other = (member.label for member in pair.heads)
    went = went_words(pair.clean_prob, pair.prob)
    return (
        f"{one} and {other}: {signed(pair.interaction, 2)} nats (together {signed(pair.joint, 2)}; "
        f"{went})"
    )

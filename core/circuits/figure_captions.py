"""What stands above a head's figures: what each shows, on which scale and against what.

Words, so that a figure says the same wherever it is drawn. Imports no torch.
"""

from collections.abc import Sequence

from core.circuits.mechanism_words import metric_words
from core.results.metrics import Metric
from core.spec.ablation import AblationKind
from core.spec.heads import Head
from core.text.numbers import signed
from core.text.words import Words, bold, phrase

PATTERN = phrase("Attention pattern, nothing ablated: each row is a token and where it looks")
PREDICTIONS = phrase(
    "Next-token probabilities before and after ablating it: what lost and gained most"
)
ATTRIBUTION = phrase("What it adds to the answer by itself (direct logit attribution, clean run)")
KINDS = phrase("Under each kind of ablation")
LATER_HEADS = phrase("How far every later head changed its own direct contribution, nats")
LATER_MLPS = phrase("The same of every later MLP")
ATTENTION_PATHS = phrase(
    "Change of that attention weight, through its queries (Q) and through its keys (K)"
)
STRONGEST_PATHS = phrase("Strongest feeders")
SCORES = phrase(
    "How it scores, mean attention on repeated random tokens (± standard error), and its place "
    "among all heads"
)
SCORES_AND_EFFECTS = phrase("“Looks like” against “matters here”: every head")
STREAMS = {
    "denoise": phrase(
        "Denoise: the corrupted run with the clean residual stream at one layer and position. What "
        "does it restore?"
    ),
    "noise": phrase(
        "Noise: the clean run with the corrupted residual stream at one layer and position. What "
        "does it break?"
    ),
}
PATCHED_COLOURS = "Red: with the patch the answer is less likely; blue: more likely."
LITERATURE = phrase("What the literature calls it")
PARTED = (
    "To the target and to the foil: of all their tokens. Target − foil: of the tokens at which "
    "they part, since their lengths differ."
)


def attribution_of_every_head(against: str) -> Words:
    """Direct logit attribution; `against` is what the target is held against."""
    return phrase(f"The same of every head, against {against}")


def ov_circuit(copying: float | None) -> Words:
    """The OV circuit's tokens; `copying` is the head's copying score where it is measured."""
    about = (
        "OV circuit: what it would promote if it looked only at this token, in logits above the "
        "vocabulary’s mean."
    )
    if copying is None:
        return phrase(about)
    return phrase(f"{about} Its copying score is ", bold(signed(copying, 2)), " (−1 to 1).")


def direct_effect(metric: str) -> Words:
    """The direct effect's parts; `metric` is the field of the result's leading metric."""
    return phrase(f"Change of {metric_words(metric)} by route, nats")


def dose(heads: str) -> Words:
    """A dose curve of one head, or of several that are scaled together."""
    return phrase(
        "The answer when what ",
        bold(heads),
        " write" if "," in heads else " writes",
        " is multiplied by 0 (removed: zero ablation) … 1 (as it is: the clean run) … 2 "
        "(twice as much)",
    )


def by_position(metric: Metric) -> Words:
    """A map of effects by position, in a metric."""
    return phrase(f"{metric.title} when the head is ablated at one position only")


def value_paths(against: str) -> Words:
    """Path patching through the values; `against` as in `attribution_of_every_head`."""
    return phrase(
        f"Change of what it adds to the answer, through its values (V), against {against}"
    )


def path_signs(head: Head, *, on_answer: bool) -> Words:
    """What the three inputs are, and what red means in the maps of path patching."""
    red = (
        f"Red: without that path into {head.label} the answer is less likely."
        if on_answer
        else f"Red: without that path {head.label} looks there less (Q, K) or adds less to the "
        "answer (V)."
    )
    return phrase(
        "Q: the token it looks from; K: the tokens it looks at; V: what it moves from there. ", red
    )


def answer_paths(metric: Metric) -> Words:
    """Path patching measured on the answer, in the leading metric."""
    return phrase(
        f"{metric.title}, through its queries, keys and values: everything from this head on "
        "recomputed"
    )


def shared_inputs(head: Head, sharing: Sequence[Head], whole_group: bool) -> Words:
    """Whose keys and values are patched; none where every head has its own."""
    if len(sharing) < 2:
        return phrase()
    first, last = sharing[0].label, sharing[-1].label
    who = f"{first} {'and' if len(sharing) == 2 else 'to'} {last}"
    read = "all of these" if whole_group else f"{head.label} alone"
    return phrase(f"K and V of {head.label}, which {who} share, are patched for {read}.")


def composition(random: float) -> Words:
    """Composition scores; `random` is the score of random weights."""
    return phrase(
        "Composition scores, from the weights alone: what could pass, not what does here "
        f"(random weights: {random:.2f}, the palest colour)"
    )


def scores_without(role: str, head: Head, kind: AblationKind) -> Words:
    """Every head's score in a role, clean and with one head ablated at every position."""
    return phrase(
        f"Every head’s {role} score before and after ablating ",
        bold(head.label),
        f" ({kind.label}, at every position)",
    )

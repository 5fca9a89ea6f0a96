"""The steps of the tour, in words: every number is one of the run on screen.

The two heads that it opens are the embedded model's own; a test holds their scores to the words.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from core.prompts.tokens import visible_text
from core.results.layer_effects import LayerEffects
from core.results.metrics import PROB
from core.results.result import SweepResult
from core.spec.heads import Head
from core.text.numbers import percent
from core.text.words import Words, bold, phrase, token

PREVIOUS, INDUCTION = Head(0, 0), Head(1, 0)
"""A head of the embedded model that looks at the token before, and one that looks at what came
after the same token earlier."""


@dataclass(frozen=True)
class Seen:
    """What is on screen: the example's sweep, P(target) without the first copy, and the attention
    pattern of the head that is open; None for what is not measured yet.
    """

    result: SweepResult
    layer_effects: LayerEffects | None = None
    alone: float | None = None
    weights: np.ndarray | None = None


@dataclass(frozen=True)
class TourStep:
    """A step: its title, what it says of what is seen, and the head and view that it opens."""

    title: str
    words: Callable[[Seen], Words]
    head: Head | None = None
    view: str = "attention"


def _question(seen: Seen) -> Words:
    result = seen.result
    target = token(visible_text(result.target_tokens[0]))
    said = phrase("The model reads the words above and gives ", target, " a probability of ")
    said = phrase(said, bold(percent(result.baseline.prob)), ". ")
    if seen.alone is not None:
        said = phrase(
            said, "With the last four words alone it is ", bold(percent(seen.alone)), ". "
        )
    return phrase(
        said, "So it takes the answer from the first copy of the phrase. With which parts?"
    )


def _map(seen: Seen) -> Words:
    strongest = seen.result.ranked(PROB.field)[0]
    return phrase(
        "A square is one ",
        bold("attention head"),
        ": a small part of the model that carries something from one word to another. Each was "
        "switched off in turn, with everything else as it was; its number is how the probability "
        "of the answer changed. Red: less likely without it. Most: ",
        bold(strongest.address.label),
        f", {PROB.quantity(100 * strongest.prob_change)}.",
    )


def _induction(seen: Seen) -> Words:
    tokens, label = seen.result.tokens, INDUCTION.label
    last = token(visible_text(tokens[-1]))
    if seen.weights is None:
        return phrase(f"This is {label}. Where it looks from ", last, " appears beside the map.")
    row = seen.weights[len(tokens) - 1, : len(tokens)]
    at = int(row.argmax())
    return phrase(
        f"This is {label}. From the last word ",
        last,
        f" it puts {percent(float(row[at]), 0)} of its attention on ",
        token(visible_text(tokens[at])),
        ": the word that came after ",
        token(visible_text(tokens[at - 1])),
        " the first time. A head that looks from a word at what came after the same word earlier "
        "is called an ",
        bold("induction head"),
        ". Hover other words of the text: it does the same all through the second copy.",
    )


def _previous(seen: Seen) -> Words:
    return phrase(
        f"How can it find that place? This is {PREVIOUS.label}, one layer earlier: from each word "
        "it looks at the word before. It is called a ",
        bold("previous-token head"),
        ". So the place of a word can carry which word came before it, and an induction head can "
        "look for the place that says “after ",
        token(visible_text(seen.result.tokens[-1]).strip("␣")),
        "”. Without this head the answer changes by ",
        bold(PROB.quantity(100 * _change(seen.result, PREVIOUS))),
        ".",
    )


def _together(seen: Seen) -> Words:
    layer = INDUCTION.layer
    alone = [100 * e.prob_change for e in seen.result.heads if e.layer == layer]
    said = phrase(
        f"Layer {layer} has {len(alone)} heads, and all of them look the same way. Without one "
        f"alone the answer changes by {PROB.quantity(max(alone))} to {PROB.quantity(min(alone))}"
    )
    effect = None if seen.layer_effects is None else seen.layer_effects.attention[layer]
    if effect is None:
        return phrase(said, ".")
    return phrase(
        said,
        ", without all together by ",
        bold(PROB.quantity(100 * effect.prob_change)),
        " (the bar at the right of the row): what one leaves undone the others do. A map of single "
        "heads does not show that.",
    )


def _end(seen: Seen) -> Words:
    return phrase(
        "What you can say now: an induction head looks from a word at what came after the same "
        "word earlier, and that helps the model to say it again. What you cannot say yet: that it "
        "does so on other prompts, or in other models. Try one of your own with ",
        bold("Edit"),
        ", or say beforehand which heads will matter, on the page ",
        bold("Hypothesis"),
        ".",
    )


def _change(result: SweepResult, head: Head) -> float:
    effect = result.effect(head)
    return 0.0 if effect is None else effect.prob_change


STEPS: Sequence[TourStep] = (
    TourStep("How does it know?", _question),
    TourStep("One square, one head", _map),
    TourStep("A head that finds the earlier copy", _induction, INDUCTION),
    TourStep("A head that looks one word back", _previous, PREVIOUS),
    TourStep("More than one does the work", _together, INDUCTION),
    TourStep("What you have seen", _end),
)

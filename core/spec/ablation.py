"""The kinds of ablation: what a head's output is replaced by, and when not to trust it.

Michel et al. 2019 (arXiv:1905.10650) ablate heads one at a time; which replacement to choose is
discussed by Wang et al. 2022 (arXiv:2211.00593) and Heimersheim & Nanda 2024 (arXiv:2404.15255).
Whoever asks what a kind needs, leaves in or may be used for asks its `traits`; only what computes
asks which kind it is, in a `match` that mypy holds to be complete.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from core.settings import settings


class Needs(StrEnum):
    """What a kind takes its values from, by the name of the spec's field that holds it."""

    NOTHING = "nothing"
    """The running pass itself, or no values at all."""
    CORRUPTED_PROMPT = "corrupted_prompt"
    REFERENCE = "reference"


@dataclass(frozen=True)
class Traits:
    """Everything that is true of one kind of ablation, apart from how it is computed.

    `does` and `caveat` are a sentence or two each. A trait that a reader may ask the reason of is
    that reason, a sentence's part without a full stop, and empty where the kind is not so.
    """

    does: str
    """What the ablation does."""
    caveat: str
    """When not to trust it."""
    needs: Needs = Needs.NOTHING
    has_default: bool = False
    """Whether what it needs may be left open: then it is the default reference set."""
    same_length: bool = False
    """Whether each text that it takes values from must have the prompt's number of tokens."""
    keeps_share: bool = False
    """Whether a share of the head itself stays in, so that it cannot say what a set does alone."""
    no_mlps: str = ""
    """Why an MLP cannot be ablated so."""
    not_on_other_texts: str = ""
    """Why it cannot be measured on other texts than the prompt, such as random tokens."""
    lacks: str = ""
    """What to say, as a whole sentence, where what it needs is not at hand."""
    citation: str = ""
    """The paper to read on it, if there is one."""

    @property
    def given(self) -> bool:
        """Whether it puts in vectors of the model's own making, measured on other texts before.

        They are the same under raw and processed weights; what the running pass gives is not.
        """
        return self.needs is not Needs.NOTHING


class AblationKind(StrEnum):
    """What overwrites the ablated head's `hook_z` (its output before W_O)."""

    traits: Traits

    def __new__(cls, value: str, *traits: Traits) -> "AblationKind":
        """A member: its value, and its traits."""
        # Starred for type checkers: a call with a value alone looks a member up.
        member = str.__new__(cls, value)
        member._value_ = value
        (member.traits,) = traits
        return member

    MEAN_ACROSS_HEADS = (
        "mean-across-heads",
        Traits(
            does="Overwrites the head's output with the average output of its layer's heads at the "
            "same position, as the original notebook does.",
            caveat="Each head writes in a basis of its own, so this average has no meaning across "
            "heads, and 1/n of the head itself stays in. Good for reproducing the notebook; for a "
            "claim, check it with another kind.",
            keeps_share=True,
            no_mlps="An MLP has no heads to average over",
        ),
    )
    """The mean of z over all heads of the layer, at the same position."""
    ZERO = (
        "zero",
        Traits(
            does="Overwrites the head's output with zeros, at every chosen position.",
            caveat="Zero is a value the model never produces: later layers may break for that "
            "reason alone. It also depends on whether value biases are folded (weights: processed "
            "or raw).",
            citation="Michel et al. 2019, arXiv:1905.10650",
        ),
    )
    """The zero vector."""
    MEAN = (
        "mean",
        Traits(
            does="Overwrites the head's output with that head's own average over a reference set "
            "of prompts, the same vector at every position but the first.",
            caveat="It depends on the reference set, which is named with the result. One average "
            "for all positions is coarser than an average for each position within one template.",
            needs=Needs.REFERENCE,
            has_default=True,
        ),
    )
    """The head's own mean z over a reference set: pooled over all prompts and positions but the
    first of each, every token weighted equally; position 0 gets position 0's own mean."""
    MEAN_POSITIONAL = (
        "mean-positional",
        Traits(
            does="Overwrites the head's output at each position with that head's own average at "
            "the same position, over texts with as many tokens as the prompt.",
            caveat="What the texts share with the prompt, such as the words of one template, stays "
            "in; only what differs among them is averaged away. A small set gives a noisy average.",
            needs=Needs.REFERENCE,
            same_length=True,
            not_on_other_texts="Mean positional needs a reference set of the text's own "
            "length, and random tokens have none",
            lacks="Needs a reference set whose texts have as many tokens as the prompt: choose "
            "mean positional in the composer and make or paste one.",
            citation="Wang et al. 2022, arXiv:2211.00593, section 2",
        ),
    )
    """The head's own mean z at the same position, over a reference set whose texts all have the
    prompt's number of tokens."""
    RESAMPLE = (
        "resample",
        Traits(
            does="Overwrites the head's output with what the same head writes on a corrupted "
            "prompt with as many tokens (activation patching). Recommended in most situations "
            "(Heimersheim & Nanda 2024, section 5).",
            caveat="What is measured is the difference between the two prompts and nothing else: "
            "where their tokens agree, before the first difference, replacing the output changes "
            "nothing.",
            needs=Needs.CORRUPTED_PROMPT,
            same_length=True,
            not_on_other_texts="Resample needs a corrupted prompt, and random tokens have none",
            lacks="Needs a corrupted prompt with as many tokens: “Try resample” makes one of this "
            "prompt, or choose resample in the composer and type your own.",
            citation="Heimersheim & Nanda 2024, arXiv:2404.15255",
        ),
    )
    """The head's own z from a corrupted prompt with the same number of tokens."""

    @property
    def does(self) -> str:
        """What the ablation does."""
        return self.traits.does

    @property
    def caveat(self) -> str:
        """When not to trust it."""
        return self.traits.caveat

    @property
    def label(self) -> str:
        """The name to show people."""
        return self.value.replace("-", " ")

    @property
    def for_keep_only(self) -> "AblationKind":
        """This kind, or `mean` in its place where a share of the head itself would stay in."""
        return AblationKind.MEAN if self.traits.keeps_share else self

    @property
    def on_other_texts(self) -> "AblationKind":
        """This kind, or `mean` in its place on texts that it cannot be measured on."""
        return AblationKind.MEAN if self.traits.not_on_other_texts else self


Computed = Literal[AblationKind.MEAN_ACROSS_HEADS, AblationKind.ZERO]
"""The kinds whose replacement comes from the running pass; the others are given as vectors."""


def default_kind() -> AblationKind:
    """The kind that the page and the command line begin with: the operator's choice."""
    return AblationKind(settings().default_ablation)


def needing(needs: Needs) -> tuple[AblationKind, ...]:
    """The kinds that need this."""
    return tuple(kind for kind in AblationKind if kind.traits.needs is needs)


def listed(kinds: Iterable[AblationKind], last: str = "and") -> str:
    """Kinds in a sentence: "zero, mean and resample"."""
    *others, final = (kind.label for kind in kinds)
    return f"{', '.join(others)} {last} {final}" if others else final

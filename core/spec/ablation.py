"""The kinds of ablation: what a head's output is replaced by, and when not to trust it.

Michel et al. 2019 (arXiv:1905.10650) ablate heads one at a time; which replacement to choose is
discussed by Wang et al. 2022 (arXiv:2211.00593) and Heimersheim & Nanda 2024 (arXiv:2404.15255).
"""

from enum import StrEnum


class AblationKind(StrEnum):
    """What overwrites the ablated head's `hook_z` (its output before W_O)."""

    MEAN_ACROSS_HEADS = "mean-across-heads"
    """The mean of z over all heads of the layer, at the same position."""
    ZERO = "zero"
    """The zero vector."""
    MEAN = "mean"
    """The head's own mean z over a reference set: pooled over all prompts and positions but the
    first of each, every token weighted equally; position 0 gets position 0's own mean."""
    RESAMPLE = "resample"
    """The head's own z from a corrupted prompt with the same number of tokens."""

    @property
    def does(self) -> str:
        """One line: what the ablation does."""
        return _DOES[self]

    @property
    def caveat(self) -> str:
        """One line: when not to trust it."""
        return _CAVEATS[self]

    @property
    def label(self) -> str:
        """The name to show people."""
        return self.value.replace("-", " ")


_DOES = {
    AblationKind.MEAN_ACROSS_HEADS: "Overwrites the head's output with the average output of its "
    "layer's heads at the same position, as the original notebook does.",
    AblationKind.ZERO: "Overwrites the head's output with zeros, at every chosen position.",
    AblationKind.MEAN: "Overwrites the head's output with that head's own average over a "
    "reference set of prompts, the same vector at every position but the first.",
    AblationKind.RESAMPLE: "Overwrites the head's output with what the same head writes on a "
    "corrupted prompt with as many tokens (activation patching). Recommended in most situations "
    "(Heimersheim & Nanda 2024, section 5).",
}
_CAVEATS = {
    AblationKind.MEAN_ACROSS_HEADS: "Each head writes in a basis of its own, so this average has "
    "no meaning across heads, and 1/n of the head itself stays in. Good for reproducing the "
    "notebook; for a claim, check it with another kind.",
    AblationKind.ZERO: "Zero is a value the model never produces: later layers may break for that "
    "reason alone. It also depends on whether value biases are folded (weights: processed or raw).",
    AblationKind.MEAN: "It depends on the reference set, which is named with the result. One "
    "average for all positions is coarser than an average for each position within one template.",
    AblationKind.RESAMPLE: "What is measured is the difference between the two prompts and nothing "
    "else: where their tokens agree, before the first difference, replacing the output changes "
    "nothing.",
}

"""Closer looks and tests."""

from core.text.glossary.term import Group, Term

METHODS = Group(
    "Closer looks and tests",
    (
        Term(
            "direct effect",
            "How far the answer moves if a head’s output is replaced at the very end only, and all "
            "that comes after the head stays as it was. The rest of its effect goes through later "
            "components.",
            ("direct effects",),
        ),
        Term(
            "direct logit attribution",
            "What a head’s output adds to the target’s logit, against that of the foil or of all "
            "other tokens, if nothing came after it but the final norm as it was.",
            ("logit attribution",),
        ),
        Term(
            "path patching",
            "Ablating a head only on its way into one other head. It shows which earlier heads "
            "feed a later one, through its queries, keys or values.",
            ("path-patched",),
            see="Wang et al. 2022, arXiv:2211.00593",
        ),
        Term(
            "activation patching",
            "Putting what a part of the model writes on one prompt into its run on another, and "
            "seeing how far that moves the answer.",
            ("patched", "patching", "residual stream patching"),
            see="Heimersheim & Nanda 2024, arXiv:2404.15255",
        ),
        Term(
            "denoise",
            "Patching a clean output into the corrupted run: does it bring the answer back?",
            ("denoising",),
        ),
        Term(
            "noise",
            "Patching a corrupted output into the clean run: does it take the answer away?",
            ("noising",),
        ),
        Term(
            "knock-out",
            "Forbidding a head to look from one token to another. The rest of its attention grows "
            "to sum to 1 again.",
            ("knock-outs", "knocked out", "knock an edge out", "knocked-out"),
            see="Geva et al. 2023, arXiv:2304.14767",
        ),
        Term(
            "edge",
            "One way from part to part: from a token to one that a head looks at, or from a head "
            "into a later one.",
            ("edges",),
        ),
        Term(
            "dose",
            "How much of a head’s output is kept: 0 takes it out, 1 leaves it as it is, 2 doubles "
            "it. The curve shows whether half of it does half of what the whole does.",
            ("doses", "dose curve"),
        ),
        Term(
            "joint ablation",
            "Ablating several heads at once. Two that can each do the job alone both look unneeded "
            "until both are gone.",
            ("ablated together", "ablated at once", "joint effect", "joint change"),
        ),
        Term(
            "interaction",
            "How far ablating two heads together differs from the sum of ablating each alone, in "
            "logit diff or log odds.",
            ("interactions",),
        ),
        Term(
            "hypothesis",
            "A prediction, locked before the result is seen: these heads are needed, and without "
            "them the answer becomes so likely.",
            ("hypotheses",),
        ),
        Term(
            "sufficiency",
            "Whether some heads are enough: all the others are ablated, and it is seen how much of "
            "the answer is kept.",
        ),
        Term(
            "faithfulness",
            "How much of what ablating everything loses a set of heads keeps: 1 all of it, 0 none.",
            ("faithful",),
            see="Wang et al. 2022, arXiv:2211.00593",
        ),
        Term(
            "held out",
            "Not used in a search. What was found is tried there, to see whether it holds "
            "elsewhere.",
            ("held-out",),
        ),
    ),
)

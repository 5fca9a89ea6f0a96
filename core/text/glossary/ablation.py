"""Ablation and its kinds."""

from core.text.glossary.term import Group, Term

ABLATION = Group(
    "Ablation",
    (
        Term(
            "ablate",
            "To take a part out: what a head writes is overwritten by something else. If the "
            "answer changes, the head mattered to it; if not, another may do the same job.",
            ("ablated", "ablating", "ablates", "ablation", "ablations"),
            see="Michel et al. 2019, arXiv:1905.10650",
        ),
        Term(
            "sweep",
            "Ablating every head of the model, one at a time, and measuring the answer each time.",
            ("swept", "sweeps"),
        ),
        Term(
            "kind of ablation",
            "What an ablated head’s output is overwritten with. There are five kinds, and they do "
            "not always agree.",
            ("kinds of ablation", "the kinds", "all kinds", "which kind"),
            see="Heimersheim & Nanda 2024, arXiv:2404.15255",
        ),
        Term(
            "mean across heads",
            "Overwrites a head’s output with the average output of its layer’s heads at the same "
            "position. Each head writes in a basis of its own, so this average has no meaning; it "
            "is here to repeat the original notebook.",
            ("mean-across-heads",),
        ),
        Term(
            "zero",
            "Overwrites a head’s output with zeros: a value that the model never produces, so that "
            "later layers may fail for that reason alone.",
            ("zero ablation",),
            is_everyday=True,
        ),
        Term(
            "mean",
            "Overwrites a head’s output with its own average over a reference set: the same vector "
            "at every position but the first.",
            ("mean ablation",),
            is_everyday=True,
        ),
        Term(
            "mean positional",
            "Overwrites a head’s output at each position with its own average at the same "
            "position, over texts with as many tokens as the prompt.",
            ("mean-positional",),
            see="Wang et al. 2022, arXiv:2211.00593",
        ),
        Term(
            "resample",
            "Overwrites a head’s output with what the same head writes on a corrupted prompt. "
            "Recommended in most situations.",
            ("resampling", "resample ablation"),
            see="Heimersheim & Nanda 2024, arXiv:2404.15255",
        ),
        Term(
            "reference set",
            "The texts over which a head’s average output is taken. It is named with every result "
            "that depends on it.",
            ("reference sets",),
        ),
        Term(
            "position 0",
            "The first token. Where it is BOS, heads rest on it rather than read it, so that "
            "ablating a head there alone may change much.",
        ),
        Term(
            "first-order estimate",
            "A guess of every head’s effect from one forward and one backward pass. It is weak "
            "where attention is nearly all on one token, so it is checked against exact cells.",
            ("first-order", "attribution patching"),
            see="Kramár et al. 2024, arXiv:2403.00745",
        ),
    ),
)

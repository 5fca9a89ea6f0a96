"""Specs on the tiny checkpoints' prompt, with what each kind of ablation needs."""

from support import checkpoints

from core import AblationKind, SweepSpec
from core.spec.ablation import Needs

CORRUPTED = "The quick brown dog jumps over the lazy fox. The quick brown fox"
"""As many tokens as the prompt; it differs from position 4 on (BOS is 0)."""
REFERENCE = ("The lazy dog jumps.", "fox fox over the dog", "brown quick dog. The lazy fox")

FITTING = (
    CORRUPTED,
    "The quick brown lazy jumps over the dog fox. The quick brown fox",
    "The dog brown fox jumps quick the lazy over. The dog brown fox",
)
"""As many tokens as the prompt each; the first that differs is at position 2."""

NEEDED = {
    AblationKind.MEAN: {"reference": REFERENCE},
    AblationKind.MEAN_POSITIONAL: {"reference": FITTING},
    AblationKind.RESAMPLE: {"corrupted_prompt": CORRUPTED},
}
"""What some kinds need beside the prompt."""


def needed(kind, prompt):
    """What a kind needs beside a prompt, for a spec that is only looked at."""
    given = {Needs.CORRUPTED_PROMPT: f"{prompt}.", Needs.REFERENCE: (f"{prompt}.", f"{prompt}!")}
    needs = kind.traits.needs
    return {} if needs is Needs.NOTHING else {needs.value: given[needs]}


def spec_of(model, kind=AblationKind.ZERO, target=" jumps", foil=" fox", **changes):
    values = {"prepend_bos": True, **NEEDED.get(kind, {}), **changes}
    return SweepSpec(model.name, checkpoints.TEXT, target, foil, ablation=kind, **values)

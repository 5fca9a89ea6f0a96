"""Specs on the tiny checkpoints' prompt, with what each kind of ablation needs."""

from support import checkpoints

from core import AblationKind, SweepSpec

CORRUPTED = "The quick brown dog jumps over the lazy fox. The quick brown fox"
"""As many tokens as the prompt; it differs from position 4 on (BOS is 0)."""
REFERENCE = ("The lazy dog jumps.", "fox fox over the dog", "brown quick dog. The lazy fox")


def spec_of(model, kind=AblationKind.ZERO, target=" jumps", foil=" fox", **changes):
    given = {
        AblationKind.RESAMPLE: {"corrupted_prompt": CORRUPTED},
        AblationKind.MEAN: {"reference": REFERENCE},
    }
    values = {"prepend_bos": True, **given.get(kind, {}), **changes}
    return SweepSpec(model.name, checkpoints.TEXT, target, foil, ablation=kind, **values)

"""Test a set of heads on held-out variants of the prompt, which the search did not use."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any

from core.errors import InputError
from core.hypotheses.keep_only import KeptOnly, keep_only
from core.model.loaded import LoadedModel
from core.progress import within
from core.spec.heads import Head
from core.spec.spec import SweepSpec
from core.sweep.scorer import Scorer


@dataclass(frozen=True)
class HeldOut:
    """The result on one variant; the baseline in `kept` is the variant's own clean run."""

    spec: SweepSpec
    kept: KeptOnly

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types: probabilities are fractions."""
        spec = self.spec.to_dict()
        return {
            **{name: spec[name] for name in ("prompt", "target", "foil")},
            "clean_prob": self.kept.baseline.prob,
            "kept_prob": self.kept.effect.prob,
            "prob_share": self.kept.prob_share,
            "faithfulness": self.kept.faithfulness,
        }


def held_out(
    model: LoadedModel, spec: SweepSpec, heads: Sequence[Head], variants: Sequence[SweepSpec]
) -> Generator[float, None, tuple[HeldOut, ...]]:
    """Keep only `heads`, which were found on `spec`, on each variant; yields the share done.

    Raises `InputError` (field "variants") for a variant that equals the searched prompt or has
    another kind of ablation, and `InputError` for one that does not fit the model.
    """
    for number, variant in enumerate(variants, 1):
        _check(number, spec, variant)
    results = []
    for number, variant in enumerate(variants):
        first, last = number / len(variants), (number + 1) / len(variants)
        kept = yield from within(keep_only(Scorer(model, variant), heads), first, last)
        results.append(HeldOut(variant, kept))
        yield last
    return tuple(results)


def _check(number: int, spec: SweepSpec, variant: SweepSpec) -> None:
    if (variant.prompt, variant.target) == (spec.prompt, spec.target):
        raise InputError(
            "variants",
            f"Variant {number} is the prompt that the set was found on, which says nothing new: "
            "give another.",
        )
    if variant.ablation is not spec.ablation:
        raise InputError(
            "variants",
            f"Variant {number} has {variant.ablation.label} ablation, the set was found under "
            f"{spec.ablation.label}: use the same.",
        )

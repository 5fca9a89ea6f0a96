"""What must not matter, and what does a little: processing, and the number format."""

import pytest
from support import checkpoints
from support.specs import NEEDED

from core import AblationKind, SweepSpec, run_sweep

FAMILIES = list(checkpoints.FAMILIES)
REFERENCE = ("The lazy dog jumps.", "fox fox over the dog", "The", "brown quick dog. The lazy fox")


def spec_of(model, kind, positions="all", **changes):
    return SweepSpec(
        model=model.name,
        prompt=checkpoints.TEXT,
        target=" jumps over",
        ablation=kind,
        positions=positions,
        prepend_bos=True,
        **{**NEEDED, AblationKind.MEAN: {"reference": REFERENCE}}.get(kind, {}),
        **changes,
    )


@pytest.mark.parametrize("family", FAMILIES)
def test_given_vectors_do_not_depend_on_how_weights_are_processed(loaded, family):
    """Each family with one of the kinds that are given vectors, in turn."""
    given = [kind for kind in AblationKind if kind.traits.given]
    kind = given[FAMILIES.index(family) % len(given)]
    raw, processed = (
        run_sweep(model, spec_of(model, kind, weights=model.weights))
        for model in (loaded(family, "raw"), loaded(family, "processed"))
    )
    for one, other in zip(raw.heads, processed.heads, strict=True):
        assert one.logprob_change == pytest.approx(other.logprob_change, abs=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES)
def test_bfloat16_is_near_float32(loaded, measured, family):
    """Eight bits of mantissa: about 0.4 % of each number, which adds up over layers. Every other
    family has its weights raw, which are loaded in half the time.
    """
    weights = ("processed", "raw")[FAMILIES.index(family) % 2]
    precise, model = loaded(family, weights), loaded(family, weights, "bfloat16")
    exact = run_sweep(precise, spec_of(precise, AblationKind.ZERO, weights=weights))
    spec = spec_of(model, AblationKind.ZERO, weights=weights, dtype="bfloat16")
    rough = run_sweep(model, spec)
    errors = [
        abs(one.logprob_change - other.logprob_change)
        for one, other in zip(exact.heads, rough.heads, strict=True)
    ]
    measured(family, "zero, bfloat16", max(errors))
    assert max(errors) < 1.0
    assert model.stack is not None

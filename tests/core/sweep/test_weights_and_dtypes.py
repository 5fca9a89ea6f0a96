"""What must not matter, and what does a little: processing, and the number format."""

from dataclasses import replace

import pytest
import torch
from support import checkpoints
from support.specs import NEEDED
from transformers import AutoModelForCausalLM

from core import AblationKind, SweepSpec, run_sweep
from core.engine import start_clean

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


@pytest.mark.shapes
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


@pytest.mark.slow
@pytest.mark.parametrize("family", ["gpt2", "llama", "gemma2", "neox-parallel", "opt-post-norm"])
def test_bfloat16_logits_are_read_in_float32(loaded, checkpoint, family):
    """The same stream, unembedded by a float32 copy of the rounded weights: no more is lost.

    In bfloat16 a logit near 8 is a multiple of 1/32; by hooks the norm before it is still rounded.
    """
    model = loaded(family, "raw", "bfloat16")
    tokens = torch.tensor([0, *model.tokenizer(checkpoints.TEXT)["input_ids"]])
    read = (3, len(tokens) - 1)
    start = start_clean(model, tokens, read)
    own = AutoModelForCausalLM.from_pretrained(checkpoint(family), dtype=torch.bfloat16).float()
    final = start.clean.final[0, list(read)].float()
    with torch.inference_mode():
        if family == "opt-post-norm":  # a projection, and no norm
            normed = own.model.decoder.project_out(final)
        elif family == "gpt2":
            normed = own.transformer.ln_f(final)
        elif family == "neox-parallel":
            normed = own.gpt_neox.final_layer_norm(final)
        else:
            normed = own.model.norm(final)
        expected = own.get_output_embeddings()(normed)
        if family == "gemma2":
            cap = own.config.final_logit_softcapping
            expected = cap * torch.tanh(expected / cap)
    assert start.logits.dtype is torch.float32
    torch.testing.assert_close(start.logits, expected, atol=1e-4, rtol=1e-5)
    hooked = start_clean(replace(model, stack=None), tokens, read).logits
    assert hooked.dtype is torch.float32
    assert (hooked.bfloat16() != hooked).float().mean() > 0.9
    assert (hooked - expected).abs().max() < 0.2

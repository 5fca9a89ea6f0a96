"""Residual stream patching, against plain transformers whose layers' inputs a hook overwrites."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from support.plain_attention import Plain
from support.specs import spec_of

from core import AblationKind
from core.circuits.patching import Direction
from core.circuits.stream_patching import iter_stream_patching
from core.errors import InputError
from core.sweep.prepare import prepare

FAMILIES = ("gpt2", "llama", "neox-parallel", "gemma2")


@pytest.fixture(scope="module")
def plain(checkpoint):
    return lambda family: Plain(checkpoint(family), family)


def patching(model, spec, **options):
    *_, (_, found) = iter_stream_patching(model, spec, **options)
    return found


class ByHooks:
    """Passes in which one layer's input is that of the clean run at one position."""

    def __init__(self, plain, clean, corrupted):
        base = plain.model.base_model
        self.plain, self.corrupted = plain, corrupted
        self.blocks = [*(base.h if hasattr(base, "h") else base.layers)]
        final = ("ln_f", "norm", "final_layer_norm")
        self.blocks.append(next(getattr(base, name) for name in final if hasattr(base, name)))
        self.streams = {}
        handles = [
            block.register_forward_pre_hook(
                lambda module, inputs, layer=layer: self.streams.update({layer: inputs[0].clone()})
            )
            for layer, block in enumerate(self.blocks)
        ]
        plain.logits(clean)
        for handle in handles:
            handle.remove()
        self.before = plain.logits(corrupted)

    def patched(self, layer, position):
        def hook(module, inputs):
            stream = inputs[0].clone()
            stream[0, position] = self.streams[layer][0, position]
            return (stream, *inputs[1:])

        handle = self.blocks[layer].register_forward_pre_hook(hook)
        try:
            return self.plain.logits(self.corrupted)
        finally:
            handle.remove()


@pytest.mark.shapes
@pytest.mark.parametrize("family", FAMILIES)
def test_it_is_a_hook_on_plain_transformers(loaded, plain, family):
    model = loaded(family)
    spec = spec_of(model, AblationKind.RESAMPLE)
    prepared = prepare(model, spec)
    target, foil = prepared.target.sequence[0], prepared.foil.sequence[0]
    by = ByHooks(
        plain(family),
        prepared.sequence(prepared.target),
        prepared.corrupted_sequence(prepared.target),
    )
    found = patching(model, spec)
    assert found.complete
    assert found.metric == "logit_diff"
    assert found.values.shape == (model.n_layers + 1, len(prepared.texts))
    for layer, position in ((0, 4), (1, 9), (1, 14), (2, 12), (3, 14), (3, 9)):
        moved = (by.patched(layer, position) - by.before)[-1]
        expected = float(moved[target] - moved[foil])
        assert found.values[layer, position] == pytest.approx(expected, abs=1e-4)
    assert np.abs(found.values[1, 9:]).max() > 1e-2


@pytest.mark.parametrize("family", FAMILIES)
def test_noise_is_the_clean_run_corrupted_at_one_place(loaded, plain, family):
    model = loaded(family)
    spec = spec_of(model, AblationKind.RESAMPLE)
    prepared = prepare(model, spec)
    target, foil = prepared.target.sequence[0], prepared.foil.sequence[0]
    by = ByHooks(  # the corrupted run's streams, put into the clean one
        plain(family),
        prepared.corrupted_sequence(prepared.target),
        prepared.sequence(prepared.target),
    )
    found = patching(model, spec, direction=Direction.NOISE)
    assert found.complete
    for layer, position in ((0, 4), (1, 9), (2, 12), (3, 14)):
        moved = (by.before - by.patched(layer, position))[-1]
        expected = float(moved[target] - moved[foil])
        assert found.values[layer, position] == pytest.approx(expected, abs=1e-4)
    assert found.values[-1, -1] == pytest.approx(found.gap, abs=1e-4)
    assert found.to_dict()["direction"] == "noise"


def test_roles_turned_are_said(loaded):
    """With target and foil exchanged the gap has the other sign, and so have all values."""
    model = loaded("gpt2")
    spec = spec_of(model, AblationKind.RESAMPLE)
    turned = replace(spec, target=spec.foil, foil=spec.target)
    one, other = patching(model, spec), patching(model, turned)
    assert {one.roles_turned, other.roles_turned} == {True, False}
    assert one.to_dict()["roles_turned"] == (one.gap < 0)
    np.testing.assert_allclose(one.normalised, other.normalised, atol=1e-4)


@pytest.mark.shapes
@pytest.mark.parametrize("family", ["gpt2", "opt-post-norm"])
def test_the_corners_are_what_they_must_be(loaded, family):
    """Row 0 exchanges a token; the last row is the whole gap where the answer is read, else 0."""
    model = loaded(family)
    spec = spec_of(model, AblationKind.RESAMPLE)
    found = patching(model, spec)
    assert not found.values[:, : prepare(model, spec).first_change].any()
    assert found.normalised[-1, -1] == pytest.approx(1, abs=1e-4)
    np.testing.assert_allclose(found.normalised[-1, :-1], 0, atol=1e-5)
    prepared = prepare(model, spec)
    exchanged = prepared.corrupted.ids[4] != prepared.prompt.ids[4]
    assert exchanged
    same = [p for p, a in enumerate(prepared.prompt.ids) if prepared.corrupted.ids[p] == a]
    np.testing.assert_allclose(found.values[0, same], 0, atol=1e-5)
    ids = torch.tensor(prepared.corrupted.ids)
    ids[4] = prepared.prompt.ids[4]
    last = (len(ids) - 1,)
    after, before = (
        model.logits(each[None], last)[0, 0].log_softmax(-1)
        for each in (ids, torch.tensor(prepared.corrupted.ids))
    )
    target, foil = prepared.target.sequence[0], prepared.foil.sequence[0]
    expected = float((after - before)[target] - (after - before)[foil])
    assert found.values[0, 4] == pytest.approx(expected, abs=1e-4)


def test_memory_for_one_row_and_chosen_positions_change_nothing(loaded):
    model = loaded("llama")
    spec = spec_of(model, AblationKind.RESAMPLE, " jumps over", " lazy dog")
    whole = patching(model, spec)
    small = patching(model, replace(spec, positions=(2, 4, 14)), memory_budget=1)
    assert small.positions == (2, 4, 14)
    np.testing.assert_allclose(small.values, whole.values[:, [2, 4, 14]], atol=1e-4)
    # Each answer has a pass of its own, whose forced token is a position too.
    assert len(whole.positions) == 16
    np.testing.assert_allclose(whole.values[-1, :14], 0, atol=1e-5)


def test_it_needs_a_corrupted_prompt(loaded):
    with pytest.raises(InputError, match="needs a corrupted prompt, and zero ablation has none"):
        next(iter_stream_patching(loaded("gpt2"), spec_of(loaded("gpt2"))))

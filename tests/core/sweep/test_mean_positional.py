"""Mean-positional ablation: what it equals and what it refuses; `test_sweep` has the oracle."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from support import checkpoints
from support.specs import CORRUPTED, FITTING, spec_of

from core.engine import head_and_mlp_outputs
from core.errors import Cancelled, InputError
from core.progress import run_to_end
from core.prompts.tokens import tokenize_prompt
from core.spec.ablation import AblationKind
from core.spec.heads import Head
from core.sweep import reference_means
from core.sweep.layer_sweep import iter_layer_effects
from core.sweep.replacements import replacement_for
from core.sweep.scorer import Scorer
from core.sweep.sweep import run_sweep

POSITIONAL, RESAMPLE = AblationKind.MEAN_POSITIONAL, AblationKind.RESAMPLE
ANSWERS = [(" jumps", " fox"), (" lazy dog.", " brown cat"), ((" jumps", " over"), None)]


def values(result):
    return np.stack([result.values(name) for name in ("logprob_change", "prob_change", "kl")])


@pytest.mark.shapes
@pytest.mark.parametrize("family", list(checkpoints.FAMILIES))
def test_the_prompt_alone_as_reference_changes_nothing(loaded, family):
    model = loaded(family)
    spec = spec_of(model, POSITIONAL, reference=(checkpoints.TEXT, checkpoints.TEXT))
    assert values(run_sweep(model, spec)) == pytest.approx(0, abs=1e-12)
    scorer = Scorer(model, spec)
    found = run_to_end(scorer.replacements())[scorer.prepared.target]
    assert found.positions == ()
    own = head_and_mlp_outputs(
        model, scorer.start.tokens[None]
    )  # and what would be put in is its own z
    torch.testing.assert_close(found.z, own.z[:, 0], atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(("target", "foil"), ANSWERS)
@pytest.mark.parametrize("positions", ["all", "last", (0, 3, 9)])
def test_one_corrupted_text_is_resample_from_it(loaded, target, foil, positions):
    model = loaded("neox-parallel")
    same = {"target": target, "foil": foil, "positions": positions}
    one = run_sweep(model, spec_of(model, POSITIONAL, reference=(CORRUPTED,), **same))
    other = run_sweep(model, spec_of(model, RESAMPLE, **same))
    assert values(one) == pytest.approx(values(other), abs=1e-6)
    assert abs(values(one)).max() > 1e-3


def test_by_hand_the_mean_of_two_texts_at_each_position(loaded):
    """Nothing but two passes and an average: every head, every position, the MLPs too."""
    model = loaded("gpt2")
    scorer = Scorer(model, spec_of(model, POSITIONAL, reference=FITTING[:2], target=" lazy dog."))
    prepared = scorer.prepared
    found = run_to_end(replacement_for(model, prepared, prepared.target))
    forced = prepared.target.sequence[:-1]
    assert len(forced) == 2
    z, mlp = [], []
    for text in FITTING[:2]:
        read = tokenize_prompt(model.tokenizer, text, prepend_bos=True).ids
        own = head_and_mlp_outputs(model, torch.tensor([[*read, *forced]]))
        z.append(own.z[:, 0])
        mlp.append(own.mlp[:, 0])
    torch.testing.assert_close(found.z, (z[0] + z[1]) / 2, atol=1e-6, rtol=1e-5)
    torch.testing.assert_close(found.mlp, (mlp[0] + mlp[1]) / 2, atol=1e-6, rtol=1e-5)
    assert found.positions == tuple(range(4, 17))  # both differ from the prompt at 4 at first
    edit = found.edit(Head(2, 3))
    assert torch.equal(edit.replacement.z, found.z[2, :, 3])


def test_a_heads_output_is_the_average_and_not_the_average_of_effects(loaded):
    """The two differ, or the test above could not tell them apart."""
    model = loaded("gpt2")
    single = [
        values(run_sweep(model, spec_of(model, POSITIONAL, reference=(text,)))) for text in FITTING
    ]
    together = values(run_sweep(model, spec_of(model, POSITIONAL)))
    assert abs(together - np.mean(single, axis=0)).max() > 1e-3


def test_mlps_are_ablated_by_their_own_means(loaded):
    model = loaded("llama")
    one = Scorer(model, spec_of(model, POSITIONAL, reference=(CORRUPTED,)))
    other = Scorer(model, spec_of(model, RESAMPLE))
    found, expected = (run_to_end(iter_layer_effects(each, [])) for each in (one, other))
    for a, b in zip(
        (*found.attention, *found.mlp), (*expected.attention, *expected.mlp), strict=True
    ):
        assert a.logprob_change == pytest.approx(b.logprob_change, abs=1e-6)
    assert max(abs(each.logprob_change) for each in found.mlp) > 1e-3


@pytest.mark.parametrize("bos", [True, False])
def test_texts_of_another_length_are_refused_with_both_counts(loaded, bos):
    model = loaded("gpt2")
    spec = spec_of(model, POSITIONAL, reference=(*FITTING, "The lazy dog"), prepend_bos=bos)
    with pytest.raises(InputError, match=r"Reference prompt 4 \(“.*”\) has") as caught:
        Scorer(model, spec)
    n = len(tokenize_prompt(model.tokenizer, checkpoints.TEXT, prepend_bos=bos))
    assert f"has {3 + bos} tokens, the prompt {n}" in str(caught.value)
    assert caught.value.field == "reference"


def test_means_are_batched_kept_and_stop_when_asked(loaded, monkeypatch):
    model = replace(loaded("gpt2"))
    spec = spec_of(model, POSITIONAL, target=" jumps over", foil=" brown fox")
    whole = run_sweep(model, spec)
    monkeypatch.setattr(reference_means, "BATCH_BYTES", 1)
    assert list(Scorer(model, spec).replacements()) == []  # both passes' are kept
    again = replace(model)
    shares = list(Scorer(again, spec).replacements())
    assert len(shares) == 2 * len(FITTING)  # a text a step, for the target's pass and the foil's
    assert values(run_sweep(again, spec)) == pytest.approx(values(whole), abs=1e-6)

    def stop(done):
        raise Cancelled

    with pytest.raises(Cancelled):
        run_to_end(Scorer(replace(model), spec).replacements(), stop)


def test_large_means_are_not_heaped_up(loaded, monkeypatch):
    model = replace(loaded("gpt2"))
    monkeypatch.setattr(reference_means, "KEPT_BYTES", 1)
    for text in FITTING:
        run_to_end(Scorer(model, spec_of(model, POSITIONAL, reference=(text,))).replacements())
    assert len(reference_means._cache[model]) == 1


@pytest.mark.parametrize("family", ["gpt2", "gemma2", "bloom"])
def test_the_slower_path_gives_the_same(loaded, family):
    model = loaded(family)
    spec = spec_of(model, POSITIONAL, target=" lazy dog.", foil=" brown cat")
    fast, slow = run_sweep(model, spec), run_sweep(replace(model, stack=None), spec)
    assert values(fast) == pytest.approx(values(slow), abs=1e-4)

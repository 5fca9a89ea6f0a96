"""What takes z's place: the mean over a reference set, and z of a corrupted prompt."""

import pytest
import torch

from core.engine import head_and_mlp_outputs
from core.errors import InputError
from core.progress import run_to_end
from core.spec.heads import Head
from core.sweep.replacements import from_corrupted, from_reference

REFERENCE = ("The lazy dog jumps.", " fox", "brown quick dog. The lazy fox", "over the dog.")


def means(model, reference=REFERENCE, positions=None, n_pos=6, bos=True):
    return run_to_end(from_reference(model, reference, positions, n_pos, prepend_bos=bos))


def ids(model, text, bos=True):
    found = model.tokenizer(text, add_special_tokens=False)["input_ids"]
    return [model.tokenizer.bos_token_id, *found] if bos else found


@pytest.mark.parametrize("bos", [True, False])
def test_every_token_but_the_first_of_each_prompt_weighs_the_same(loaded, bos):
    model = loaded("neox-serial")
    first, others = [], []
    for text in REFERENCE:
        z = head_and_mlp_outputs(model, torch.tensor([ids(model, text, bos)])).z[:, 0]
        first.append(z[:, 0])
        others += [z[:, pos] for pos in range(1, z.shape[1])]
    found = means(model, bos=bos).z
    assert found.shape == (3, 6, 4, 8)
    torch.testing.assert_close(found[:, 0], torch.stack(first).mean(0), atol=1e-6, rtol=1e-5)
    for pos in range(1, 6):
        expected = torch.stack(others).mean(0)
        torch.testing.assert_close(found[:, pos], expected, atol=1e-6, rtol=1e-5)


def test_the_mean_of_one_prompt_of_two_tokens_is_its_own_z(loaded):
    model = loaded("gpt2")
    found = means(model, (" fox",), n_pos=2)
    own = head_and_mlp_outputs(model, torch.tensor([ids(model, " fox")]))
    torch.testing.assert_close(found.z, own.z[:, 0], atol=1e-6, rtol=1e-5)
    torch.testing.assert_close(found.mlp, own.mlp[:, 0], atol=1e-6, rtol=1e-5)


def test_batches_of_any_size_give_the_same_mean(loaded, monkeypatch):
    model = loaded("gpt2")
    many = tuple(f" fox{' dog' * (n % 3)}" for n in range(9))
    one = means(model, many)
    monkeypatch.setattr("core.sweep.reference_means.BATCH_BYTES", 1)
    monkeypatch.setattr(
        "core.sweep.reference_means._cache", {model: __import__("collections").OrderedDict()}
    )
    torch.testing.assert_close(means(model, many).z, one.z, atol=1e-6, rtol=1e-5)


def test_a_reference_set_is_measured_once_and_kept(loaded):
    model = loaded("llama")
    reference = ("once only", "and kept")
    assert list(from_reference(model, reference, None, 4, prepend_bos=True))
    assert list(from_reference(model, reference, None, 9, prepend_bos=True)) == []
    assert list(from_reference(model, reference, None, 4, prepend_bos=False)) != []


def test_prompts_longer_than_the_context_are_read_as_far_as_it_goes(loaded):
    model = loaded("gpt2")
    long = " fox" * (model.n_ctx + 20)
    short = " fox" * (model.n_ctx - 1)  # and BOS
    torch.testing.assert_close(means(model, (long,)).z, means(model, (short,)).z)


def test_a_set_of_single_tokens_has_no_mean_for_later_positions(loaded):
    with pytest.raises(InputError, match="single token") as caught:
        means(loaded("neox-serial"), (" fox", " dog"), bos=False)
    assert caught.value.field == "reference"


def test_a_faulty_prompt_is_named_by_its_number(loaded, monkeypatch):
    def refuse(tokenizer, text, *, prepend_bos):
        raise InputError("prompt", "no tokens")

    monkeypatch.setattr("core.prompts.reference.tokenize_prompt", refuse)
    with pytest.raises(InputError, match=r"prompt 1 .*never seen.* be used: no tokens") as caught:
        means(loaded("gpt2"), ("never seen before",))
    assert caught.value.field == "reference"


def test_nothing_is_replaced_before_the_first_token_that_differs(loaded):
    model = loaded("gpt2")
    clean, corrupted = torch.tensor([0, 5, 9, 7, 3]), torch.tensor([0, 5, 8, 7, 3])
    assert from_corrupted(model, clean, corrupted, None).positions == (2, 3, 4)
    assert from_corrupted(model, clean, corrupted, (0, 1, 4)).positions == (4,)
    assert from_corrupted(model, clean, corrupted, (0, 1)).positions == ()
    z = head_and_mlp_outputs(model, corrupted[None]).z[:, 0]
    assert torch.equal(from_corrupted(model, clean, corrupted, None).z, z)


def test_an_edit_holds_the_heads_own_vectors(loaded):
    replacement = means(loaded("gpt2"), positions=(1, 2))
    edit = replacement.edit(Head(2, 3))
    assert torch.equal(edit.replacement.z, replacement.z[2, :, 3])
    assert edit.positions == (1, 2)
    assert replacement.edit_at(Head(2, 3), 0).positions == (0,)
    assert [e.head for e in replacement.attention(1, 4)] == [Head(1, head) for head in range(4)]
    assert torch.equal(replacement.mlp_edit(1).replacement.z, replacement.mlp[1])
    assert replacement.computed is None

"""Random tokens said twice: what is drawn, from what, and what is refused."""

import pytest
import torch
from support.tokenizer_kinds import demo, sentencepiece
from transformers import PreTrainedTokenizerFast

from core.circuits.head_scores import ROLES
from core.circuits.measure_scores import head_scores_by_sequence
from core.errors import InputError, UnavailableError
from core.prompts.random_text import text_token_ids
from core.prompts.random_tokens import copy_length, repeated_random_tokens

L = 4


class FakeTokenizer:
    """Ids 0..19; 0 is BOS, 1 padding, 2 and 3 are not text, 4 decodes to nothing, the rest are
    letters.
    """

    all_special_ids = [0, 1]

    def __init__(self, bos_token_id: int | None = 0) -> None:
        self.bos_token_id = bos_token_id

    def __len__(self) -> int:
        return 20

    def decode(self, token_ids: list[int]) -> str:
        return "".join(
            "\ufffd" if i in (2, 3) else "" if i == 4 else chr(ord("a") + i) for i in token_ids
        )


@pytest.mark.parametrize(("n_ctx", "length"), [(1024, 50), (101, 50), (100, 49), (64, 31), (5, 2)])
def test_the_copy_is_fifty_tokens_or_what_fits(n_ctx, length):
    assert copy_length(n_ctx) == length


def test_a_context_for_no_two_copies_is_refused():
    with pytest.raises(ValueError, match="context of 4 tokens"):
        copy_length(4)


def test_text_tokens_leave_out_special_ids_and_what_is_no_text():
    assert text_token_ids(FakeTokenizer()) == list(range(5, 20))


def test_a_converted_tokenizers_markers_are_no_text():
    """As many converters leave them: special by no flag, in the vocabulary like any word."""
    llama = sentencepiece()
    converted = PreTrainedTokenizerFast(tokenizer_object=llama.backend_tokenizer)
    converted.add_tokens(["<|im_start|>", "[UNK]", "<extra_id_7>", "  "])
    assert converted.all_special_ids == []
    pieces = set(converted.convert_ids_to_tokens(text_token_ids(converted)))
    markers = {"<unk>", "<s>", "<0x0A>", "<0x41>", "▁", "<|im_start|>", "[UNK]", "<extra_id_7>"}
    assert markers <= converted.get_vocab().keys()
    assert not markers & pieces
    assert {"▁fox", "  "} <= pieces


def test_a_byte_level_tokenizer_loses_no_text():
    tokenizer = demo()
    special = set(tokenizer.all_special_ids)
    text = {i for i in range(len(tokenizer)) if "\ufffd" not in tokenizer.decode([i])} - special
    assert set(text_token_ids(tokenizer)) == text


@pytest.mark.parametrize(("prepend_bos", "bos"), [(True, 0), (False, 0), (True, None)])
def test_sequences_are_two_equal_copies_without_a_token_twice(prepend_bos, bos):
    sequences = repeated_random_tokens(FakeTokenizer(bos), n_ctx=15, prepend_bos=prepend_bos)

    assert sequences.has_bos == (prepend_bos and bos is not None)
    assert sequences.copy_length == 7
    assert sequences.ids.shape == (20, 14 + sequences.has_bos)
    body = sequences.ids[:, 1:] if sequences.has_bos else sequences.ids
    if sequences.has_bos:
        assert (sequences.ids[:, 0] == 0).all()
    assert torch.equal(body[:, :7], body[:, 7:])
    assert all(len(set(row.tolist())) == 7 for row in body)
    assert set(body.flatten().tolist()) <= set(range(5, 20))


def test_the_seed_decides_the_sequences():
    first, again = (repeated_random_tokens(FakeTokenizer(), 15).ids for _ in range(2))
    other = repeated_random_tokens(FakeTokenizer(), 15, seed=1).ids

    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert not torch.equal(first[0], first[1])


def test_too_few_text_tokens_are_refused():
    with pytest.raises(ValueError, match="15 text tokens, one copy needs 50"):
        repeated_random_tokens(FakeTokenizer(), n_ctx=1024)


def test_what_is_refused_is_said_of_the_model():
    for tokenizer, n_ctx in [(FakeTokenizer(), 4), (FakeTokenizer(), 1024)]:
        with pytest.raises(UnavailableError, match=r"Choose another model\.") as refused:
            repeated_random_tokens(tokenizer, n_ctx)
        assert refused.value.field == "model"


def test_only_tokens_that_the_model_has_a_vector_for_are_drawn():
    ids = repeated_random_tokens(FakeTokenizer(), n_ctx=15, d_vocab=13).ids
    assert set(ids.flatten().tolist()) == {0, *range(5, 13)}
    with pytest.raises(InputError, match="id 19"):
        repeated_random_tokens(FakeTokenizer(bos_token_id=19), n_ctx=9, d_vocab=13)


def test_induction_looks_at_what_followed_the_first_occurrence():
    sequences = repeated_random_tokens(FakeTokenizer(), n_ctx=2 * L + 1, n_sequences=1)
    ids = sequences.ids[0]
    query = L + 2
    earlier = (ids[:query] == ids[query]).nonzero().item()
    pattern = torch.zeros(1, 1, 2 * L + 1, 2 * L + 1)
    pattern[0, 0, query, earlier + 1] = 1.0

    scores = head_scores_by_sequence(pattern, L)[:, 0, 0]

    assert scores[ROLES.index("induction")] == pytest.approx(1 / L)
    assert scores.sum() == pytest.approx(1 / L)

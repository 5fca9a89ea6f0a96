"""Role scores against patterns made by hand: which query-key pairs count, and only those."""

import numpy as np
import pytest
import torch

from core.roles import (
    ROLES,
    copy_length,
    repeated_random_tokens,
    role_scores,
    role_scores_by_sequence,
    text_token_ids,
)

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


def one_hot_pattern(key_of_query, n_pos: int) -> torch.Tensor:
    """[1, 1, pos, pos]: every query gives all its weight to one key."""
    pattern = torch.zeros(1, 1, n_pos, n_pos)
    for query in range(n_pos):
        pattern[0, 0, query, key_of_query(query)] = 1.0
    return pattern


@pytest.mark.parametrize("has_bos", [True, False])
@pytest.mark.parametrize(
    ("role", "key_of_query"),
    [
        ("induction", lambda q: max(q - L + 1, 0)),
        ("duplicate token", lambda q: max(q - L, 0)),
        ("previous token", lambda q: max(q - 1, 0)),
        ("current token", lambda q: q),
        ("first token", lambda q: 0),
    ],
)
def test_a_perfect_head_scores_one_in_its_role_and_nothing_in_the_others(
    role, key_of_query, has_bos
):
    pattern = one_hot_pattern(key_of_query, 2 * L + has_bos)

    scores = role_scores_by_sequence(pattern, L, has_bos)[:, 0, 0]

    # Without BOS the second copy's first query is q = L, whose duplicate is position 0: also the
    # first token.
    shared = {"duplicate token": "first token", "first token": "duplicate token"}
    for name, score in zip(ROLES, scores.tolist(), strict=True):
        overlap = 0.25 if not has_bos and name == shared.get(role) else 0.0
        assert score == pytest.approx(1.0 if name == role else overlap)


@pytest.mark.parametrize(("has_bos", "queries"), [(True, [5, 6, 7, 8]), (False, [4, 5, 6, 7])])
def test_only_the_second_copys_queries_count(has_bos, queries):
    n_pos = 2 * L + has_bos
    weights = torch.arange(n_pos, dtype=torch.float) / 100
    pattern = torch.zeros(1, 1, n_pos, n_pos)
    pattern[0, 0, range(n_pos), range(n_pos)] = weights

    scores = role_scores_by_sequence(pattern, L, has_bos)[:, 0, 0]

    assert scores[ROLES.index("current token")] == pytest.approx(float(weights[queries].mean()))


def test_induction_looks_at_what_followed_the_first_occurrence():
    sequences = repeated_random_tokens(FakeTokenizer(), n_ctx=2 * L + 1, n_sequences=1)
    ids = sequences.ids[0]
    query = L + 2
    earlier = (ids[:query] == ids[query]).nonzero().item()
    pattern = torch.zeros(1, 1, 2 * L + 1, 2 * L + 1)
    pattern[0, 0, query, earlier + 1] = 1.0

    scores = role_scores_by_sequence(pattern, L)[:, 0, 0]

    assert scores[ROLES.index("induction")] == pytest.approx(1 / L)
    assert scores.sum() == pytest.approx(1 / L)


def test_mean_and_standard_error_are_over_sequences():
    pattern = torch.zeros(2, 1, 2 * L + 1, 2 * L + 1)
    pattern[0, :, :, 0] = 0.2
    pattern[1, :, :, 0] = 0.6

    scores = role_scores([pattern, 0 * pattern], L)

    assert scores.mean.shape == scores.standard_error.shape == (len(ROLES), 2, 1)
    assert scores.of("first token") == pytest.approx(np.array([[0.4], [0.0]]))
    standard_error = scores.standard_error[ROLES.index("first token")]
    assert standard_error == pytest.approx(np.array([[0.2], [0.0]]))  # sd .2 * sqrt 2, over sqrt 2
    assert (scores.copy_length, scores.n_sequences) == (L, 2)


def test_layers_and_heads_keep_their_places():
    pattern = torch.zeros(1, 3, 2 * L + 1, 2 * L + 1)
    marked = pattern.clone()
    marked[0, 2, :, 0] = 0.5

    first_token = role_scores([pattern, marked], L).of("first token")

    assert first_token == pytest.approx(np.array([[0, 0, 0], [0, 0, 0.5]]))


def test_a_pattern_of_the_wrong_length_is_refused_with_both_counts():
    with pytest.raises(ValueError, match=r"8 positions.* 9"):
        role_scores_by_sequence(torch.zeros(1, 1, 8, 8), L, has_bos=True)


def test_no_patterns_and_unknown_roles_are_refused():
    with pytest.raises(ValueError, match="no attention patterns"):
        role_scores([], L)
    scores = role_scores([torch.zeros(1, 1, 9, 9)], L)
    with pytest.raises(ValueError, match="'prefix'"):
        scores.of("prefix")


@pytest.mark.parametrize(("n_ctx", "length"), [(1024, 50), (101, 50), (100, 49), (64, 31), (5, 2)])
def test_the_copy_is_fifty_tokens_or_what_fits(n_ctx, length):
    assert copy_length(n_ctx) == length


def test_a_context_for_no_two_copies_is_refused():
    with pytest.raises(ValueError, match="context of 4 tokens"):
        copy_length(4)


def test_text_tokens_leave_out_special_ids_and_what_is_no_text():
    assert text_token_ids(FakeTokenizer()) == list(range(5, 20))


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

"""The longest end of a prompt that it has said before, against a search in every place."""

from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import checkpoints

from core.prompts.repeats import Repeat, find_repeat
from core.prompts.tokens import TokenizedPrompt, tokenize_prompt

pytestmark = pytest.mark.filterwarnings("ignore:Do not use the `random` module")

LETTERS = {0: "<bos>", 1: "a", 2: " a", 3: " A", 4: "b", 5: " b", 6: " c"}
SAME_OPENING = {0: "<bos>", 1: "a", 2: "a", 3: "a", 4: "b", 5: "b", 6: "c"}


@cache
def words():
    return checkpoints.tokenizer()


def of(ids, has_bos=False) -> TokenizedPrompt:
    return TokenizedPrompt(
        ids=tuple(ids),
        texts=tuple(LETTERS[i] for i in ids),
        special=tuple(i == 0 for i in ids),
        has_bos=has_bos,
    )


def by_search(prompt: TokenizedPrompt) -> Repeat | None:
    ids, start, stop = prompt.ids, int(prompt.has_bos), len(prompt)
    for length in range(stop, 1, -1):
        second = stop - length
        for first in range(start, second - length + 1):
            rest = ids[first + 1 : first + length] == ids[second + 1 :]
            if rest and SAME_OPENING[ids[first]] == SAME_OPENING[ids[second]]:
                return Repeat(first, first + length, second, stop)
    return None


@pytest.mark.slow
@given(st.lists(st.integers(1, 6), min_size=1, max_size=14), st.booleans())
def test_it_is_what_a_search_in_every_place_finds(ids, has_bos):
    prompt = of([0, *ids] if has_bos else ids, has_bos)
    assert find_repeat(prompt) == by_search(prompt)


def test_the_pangram_repeats_its_first_four_words():
    prompt = tokenize_prompt(words(), checkpoints.TEXT, prepend_bos=True)
    repeat = find_repeat(prompt)
    assert repeat == Repeat(1, 5, 11, 15)
    assert len(repeat) == 4
    assert prompt.texts[1:5] == ("The", " quick", " brown", " fox")
    bare = tokenize_prompt(words(), checkpoints.TEXT, prepend_bos=False)
    assert find_repeat(bare) == Repeat(0, 4, 10, 14)


@pytest.mark.parametrize(
    ("ids", "expected"),
    [
        ([5], None),
        ([5, 5], None),  # one token is no span
        ([5, 6, 5, 5], None),
        ([5, 5, 5, 5], Repeat(0, 2, 2, 4)),  # copies may touch, not overlap
        ([5, 5, 5], None),
        ([5, 6, 2, 5, 6, 2, 5, 6], Repeat(2, 5, 5, 8)),  # the longest
        ([5, 6, 5, 6, 5, 6], Repeat(0, 2, 4, 6)),  # at its first place
        ([1, 6, 3, 6], Repeat(0, 2, 2, 4)),  # "a" and " A" open alike
        ([6, 1, 6, 3], None),  # only the first token may differ
    ],
)
def test_what_counts_as_a_repeat(ids, expected):
    assert find_repeat(of(ids)) == expected


def test_bos_is_in_no_copy():
    # Typed, the same token may be: it is text then.
    assert find_repeat(of([0, 5, 0, 5], has_bos=True)) is None
    assert find_repeat(of([0, 5, 0, 5])) == Repeat(0, 2, 2, 4)


def test_a_long_prompt_takes_no_square_time():
    ids = [5, 6] * 25_000
    repeat = find_repeat(of(ids))
    assert repeat == Repeat(0, 25_000, 25_000, 50_000)

"""Controls: the second copy alone, and random words that cannot have been memorised."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import checkpoints
from support.tokenizer_kinds import EOT, IOI, KINDS, PANGRAM, demo, small

from core.errors import InputError
from core.prompts.controls import repeated_random, without_first_copy
from core.prompts.repeats import find_repeat
from core.prompts.tokens import encode, tokenize_prompt

pytestmark = pytest.mark.filterwarnings("ignore:Do not use the `random` module")

each = pytest.mark.parametrize("name", list(KINDS))
either = pytest.mark.parametrize("bos", [True, False])


def refused(call, *arguments, field, **options) -> str:
    with pytest.raises(InputError) as caught:
        call(*arguments, **options)
    assert caught.value.field == field
    return str(caught.value)


@each
@either
def test_the_pangram_without_its_first_copy(name, bos):
    assert without_first_copy(KINDS[name](), PANGRAM, prepend_bos=bos) == "The quick brown fox"


def test_what_was_typed_in_the_copy_stays():
    prompt = f"🙂 fox{EOT} and 🙂 fox{EOT}"
    assert without_first_copy(small(), prompt, prepend_bos=True) == f"🙂 fox{EOT}"


@pytest.mark.parametrize("prompt", [IOI, "fox", "fox fox"])
def test_without_a_repeat_there_is_no_first_copy(prompt):
    said = refused(without_first_copy, demo(), prompt, prepend_bos=True, field="prompt")
    assert "no first copy" in said


def test_a_copy_that_is_no_text_is_told():
    # The two characters share their last two bytes, and nothing else.
    prompt = "\u4e00 \u5e00"
    assert encode(small(), "\u4e00", "prompt")[1:] == encode(small(), "\u5e00", "prompt")[1:]
    said = refused(without_first_copy, small(), prompt, prepend_bos=True, field="prompt")
    assert "no readable text" in said
    blank = "\n\n\n\n"
    said = refused(without_first_copy, small(), blank, prepend_bos=True, field="prompt")
    assert "no readable text" in said


@each
@either
def test_random_words_are_said_twice_but_for_the_last(name, bos):
    tokenizer = KINDS[name]()
    prompt, target, foil = repeated_random(tokenizer, 64, 6, 0, prepend_bos=bos)
    read = tokenize_prompt(tokenizer, prompt, prepend_bos=bos)
    assert len(read) == 11 + bos
    copy = read.ids[bos : bos + 6]
    assert read.ids[bos:] == (*copy, *copy[:-1])
    assert len(set(copy)) == 6
    assert encode(tokenizer, target, "target") == [copy[-1]]
    (rival,) = encode(tokenizer, foil, "foil")
    assert rival in copy[:-2]
    assert not read.typed_special
    repeat = find_repeat(read)
    assert repeat is not None
    assert (repeat.first_start, repeat.second_start) == (bos, bos + 6)


@settings(max_examples=30)
@given(st.integers(3, 60), st.integers(0, 2**40), st.booleans())
def test_every_length_and_seed_gives_a_prompt_that_fits(length, seed, bos):
    prompt, target, foil = repeated_random(demo(), 120, length, seed, prepend_bos=bos)
    assert len(tokenize_prompt(demo(), prompt, prepend_bos=bos)) == 2 * length - 1 + bos
    assert target != foil
    assert (prompt, target, foil) == repeated_random(demo(), 120, length, seed, prepend_bos=bos)


def test_seeds_give_different_words():
    made = {repeated_random(demo(), 64, 8, seed, prepend_bos=True) for seed in range(5)}
    assert len(made) == 5


@pytest.mark.parametrize(
    ("n_ctx", "length", "bos", "longest"),
    [(64, 33, True, 32), (64, 33, False, 32), (65, 34, False, 33), (64, 2, True, 32)],
)
def test_the_length_is_bounded_by_the_context(n_ctx, length, bos, longest):
    said = refused(repeated_random, demo(), n_ctx, length, 0, prepend_bos=bos, field="length")
    assert f"from 3 to {longest}" in said
    prompt, *_ = repeated_random(demo(), n_ctx, longest, 0, prepend_bos=bos)
    assert len(tokenize_prompt(demo(), prompt, prepend_bos=bos)) <= n_ctx


def test_a_context_too_short_for_any_is_told():
    said = refused(repeated_random, demo(), 4, 3, 0, prepend_bos=False, field="length")
    assert "too short" in said


def test_a_tokenizer_without_bos_has_its_own_control():
    words = checkpoints.tokenizer()
    words.bos_token = None
    prompt, *_ = repeated_random(words, 64, 5, 0, prepend_bos=False)
    assert len(tokenize_prompt(words, prompt, prepend_bos=False)) == 9
    refused(repeated_random, words, 64, 5, -1, prepend_bos=False, field="seed")

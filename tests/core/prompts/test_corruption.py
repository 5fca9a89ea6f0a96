"""Corrupted prompts have exactly the tokens that were meant, on real tokenizers."""

from functools import cache

import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st
from support import checkpoints
from support.tokenizer_kinds import EOT, IOI, KINDS, PANGRAM, demo, sentencepiece, small
from tokenizers import Tokenizer, decoders, models
from transformers import PreTrainedTokenizerFast

from core.errors import InputError
from core.prompts.corruption import (
    align,
    random_tokens,
    replace_token,
    shuffle_first_copy,
    swap_names,
)
from core.prompts.random_text import exact_text, random_generator, text_pool
from core.prompts.repeats import find_repeat
from core.prompts.tokens import encode, tokenize_prompt

pytestmark = pytest.mark.filterwarnings("ignore:Do not use the `random` module")

each = pytest.mark.parametrize("name", list(KINDS))
either = pytest.mark.parametrize("bos", [True, False])


def ids(tokenizer, text, bos=False):
    return tokenize_prompt(tokenizer, text, prepend_bos=bos).ids


def refused(call, *arguments, field="corrupted_prompt", **options) -> str:
    with pytest.raises(InputError) as caught:
        call(*arguments, **options)
    assert caught.value.field == field
    str(caught.value).encode()
    return str(caught.value)


# Alignment


def test_alignment_says_where_two_prompts_differ():
    clean = tokenize_prompt(demo(), IOI, prepend_bos=True)
    corrupted = tokenize_prompt(demo(), IOI.replace("Mary", "Anna"), prepend_bos=True)
    found = align(clean, corrupted)
    assert len(found) == 15
    assert (found.clean[4], found.corrupted[4]) == (" Mary", " Anna")
    assert [i for i, same in enumerate(found.same) if not same] == [4]
    assert (found.first_difference, found.n_different) == (4, 1)


def test_unequal_lengths_give_both_counts():
    clean = tokenize_prompt(demo(), IOI, prepend_bos=True)
    shorter = tokenize_prompt(demo(), IOI.removesuffix(" to"), prepend_bos=True)
    said = refused(align, clean, shorter)
    assert said.startswith("The corrupted prompt has 14 tokens, the prompt has 15: they must be")
    one = tokenize_prompt(demo(), "When", prepend_bos=False)
    assert "has 1 token, the prompt has 15" in refused(align, clean, one)


def test_the_same_tokens_are_no_corruption():
    clean = tokenize_prompt(demo(), IOI, prepend_bos=True)
    assert "every effect would be 0" in refused(align, clean, clean)


# One token


@each
@either
def test_one_token_is_replaced_and_nothing_else(name, bos):
    tokenizer = KINDS[name]()
    clean = tokenize_prompt(tokenizer, PANGRAM, prepend_bos=bos)
    at = clean.texts.index(" jumps")
    text = replace_token(tokenizer, PANGRAM, at, " lazy", prepend_bos=bos)
    assert text == PANGRAM.replace("jumps", "lazy")
    found = align(clean, tokenize_prompt(tokenizer, text, prepend_bos=bos))
    assert [i for i, same in enumerate(found.same) if not same] == [at]
    assert found.corrupted[at] == " lazy"


@each
def test_the_first_token_can_be_replaced(name):
    tokenizer = KINDS[name]()
    word = "The" if name != "sentencepiece" else "When"
    prompt = " fox jumps" if name == "small" else "John gave"
    text = replace_token(tokenizer, prompt, 1, word, prepend_bos=True)
    assert text == word + " " + prompt.split()[1]


@pytest.mark.slow
@given(st.integers(1, 14), st.sampled_from([" Anna", " Tom", ".", ",", " the", "The", "\n"]))
def test_whatever_is_returned_differs_in_that_token_alone(position, replacement):
    clean = tokenize_prompt(demo(), IOI, prepend_bos=True)
    try:
        text = replace_token(demo(), IOI, position, replacement, prepend_bos=True)
    except InputError:
        reject()  # refused, as the tests below say; here for what is returned
    found = align(clean, tokenize_prompt(demo(), text, prepend_bos=True))
    assert [i for i, same in enumerate(found.same) if not same] == [position]
    assert found.corrupted[position] == replacement


def test_sentencepieces_bare_word_means_the_word():
    clean = tokenize_prompt(sentencepiece(), IOI, prepend_bos=True)
    at = clean.texts.index(" Mary")
    text = replace_token(sentencepiece(), IOI, at, "Anna", prepend_bos=True)
    assert text == IOI.replace("Mary", "Anna")


@pytest.mark.parametrize(
    ("position", "replacement", "said"),
    [
        (0, " Anna", "Position 0 is BOS"),
        (-1, " Anna", "no position -1: this prompt has positions 1 to 14"),
        (15, " Anna", "no position 15"),
        (4, " Mary", "already"),
        (4, " Anna and", "has 2 tokens, the token at position 4 (' Mary') is 1"),
        (4, "🙂", "has 4 tokens"),
        (4, "", "empty"),
        (4, "a\ud83d", "U+D83D"),
        (4, "x" * 1_001, "1,001 characters"),
    ],
)
def test_what_cannot_replace_a_token_is_told(position, replacement, said):
    assert said in refused(replace_token, demo(), IOI, position, replacement, prepend_bos=True)


def test_a_piece_that_runs_into_its_neighbours_is_refused():
    assert len(encode(small(), "mps", "prompt")) == 1
    said = refused(replace_token, small(), " ju!", 1, "mps", prepend_bos=False)
    assert "'mps' runs into its neighbours" in said  # " jumps" is one token


def test_position_0_is_text_where_there_is_no_bos():
    text = replace_token(demo(), "John gave", 0, "Mary", prepend_bos=False)
    assert text == "Mary gave"


def test_part_of_a_character_can_be_replaced_only_by_text_that_reads_back():
    clean = tokenize_prompt(small(), "a🙂b", prepend_bos=False)
    assert len(clean) == 6
    refused(replace_token, small(), "a🙂b", 2, "x", prepend_bos=False)
    text = replace_token(small(), "a🙂b", 5, "c", prepend_bos=False)
    assert text == "a🙂c"


def test_typed_special_tokens_stay_as_they_are():
    prompt = f"The{EOT} fox jumps"
    clean = tokenize_prompt(small(), prompt, prepend_bos=True)
    text = replace_token(small(), prompt, 4, " lazy", prepend_bos=True)
    assert text == f"The{EOT} fox lazy"
    assert tokenize_prompt(small(), text, prepend_bos=True).typed_special == clean.typed_special


# Names


@pytest.mark.parametrize("name", ["demo", "sentencepiece"])
@either
def test_names_are_swapped_wherever_they_occur(name, bos):
    tokenizer = KINDS[name]()
    text = swap_names(tokenizer, IOI, prepend_bos=bos)
    assert text == "When Mary and John went to the shops, Mary gave the bag to"
    found = align(*(tokenize_prompt(tokenizer, t, prepend_bos=bos) for t in (IOI, text)))
    assert found.n_different == 3
    assert {t for t, same in zip(found.clean, found.same, strict=True) if not same} == {
        " John",
        " Mary",
    }
    assert swap_names(tokenizer, text, prepend_bos=bos) == IOI


def test_names_may_be_named():
    prompt = "When John and Mary and Tom went, John's dog saw"
    text = swap_names(demo(), prompt, names=("Tom", "John"), prepend_bos=True)
    assert text == "When Tom and Mary and John went, Tom's dog saw"
    assert "has 3 ('John', 'Mary', 'Tom')" in refused(swap_names, demo(), prompt, prepend_bos=True)
    assert "'Bob'" in refused(swap_names, demo(), prompt, names=("Bob", "Tom"), prepend_bos=True)


def test_names_of_unequal_length_give_both_counts():
    prompt = "When John met Guinevere, John"
    n = len(encode(demo(), " Guinevere", "prompt"))
    assert n > 1
    said = refused(swap_names, demo(), prompt, prepend_bos=True)
    assert f"'John' has 1 token, 'Guinevere' has {n}" in said


def test_names_that_only_add_up_to_equal_lengths_are_refused():
    # Once each: the sum stays, and what stands between them moves.
    prompt = "when John met Guinevere"
    swapped = "when Guinevere met John"
    assert len(ids(demo(), prompt)) == len(ids(demo(), swapped))
    assert "must be equal" in refused(swap_names, demo(), prompt, prepend_bos=True)


def test_names_of_several_tokens_are_swapped_where_they_have_as_many():
    one, other = "Xaq", "Zub"
    assert [len(encode(small(), f" {n}", "prompt")) for n in (one, other)] == [4, 4]
    text = swap_names(small(), f"the {one} fox {other}", prepend_bos=True)
    assert text == f"the {other} fox {one}"


def test_names_must_have_as_many_tokens_in_each_of_their_places():
    counts = [len(encode(small(), text, "prompt")) for text in ("The", " The", "fox", " fox")]
    assert counts == [1, 1, 2, 1]
    names = ("The", "fox")
    assert swap_names(small(), " The over fox", names=names, prepend_bos=True) == " fox over The"
    said = refused(swap_names, small(), "The over fox", names=names, prepend_bos=True)
    assert "in some of their places" in said


# The first copy


@each
@either
@pytest.mark.parametrize("seed", [0, 1, 7])
def test_the_first_copy_is_shuffled_and_nothing_else(name, bos, seed):
    tokenizer = KINDS[name]()
    clean = tokenize_prompt(tokenizer, PANGRAM, prepend_bos=bos)
    text = shuffle_first_copy(tokenizer, PANGRAM, seed, prepend_bos=bos)
    found = tokenize_prompt(tokenizer, text, prepend_bos=bos)
    copy = find_repeat(clean)
    assert copy is not None
    here = slice(copy.first_start, copy.first_stop)
    assert sorted(found.ids[here]) == sorted(clean.ids[here])
    assert found.ids[here] != clean.ids[here]
    assert found.ids[copy.first_stop :] == clean.ids[copy.first_stop :]
    assert found.ids[: copy.first_start] == clean.ids[: copy.first_start]
    # " jumps" no longer follows " fox".
    assert found.texts[copy.first_stop - 1] != " fox"
    assert text == shuffle_first_copy(tokenizer, PANGRAM, seed, prepend_bos=bos)


def test_seeds_give_different_orders():
    words = " dog house tree water lamp dog house tree water"
    assert len({shuffle_first_copy(demo(), words, s, prepend_bos=True) for s in range(8)}) > 2


def test_two_tokens_change_places():
    text = shuffle_first_copy(demo(), " dog house tree dog house", 3, prepend_bos=True)
    assert text == " house dog tree dog house"


@pytest.mark.parametrize(
    ("prompt", "said"),
    [(IOI, "does not end with a repeat"), (" dog dog dog dog", "No other order")],
)
def test_what_cannot_be_shuffled_is_told(prompt, said):
    assert said in refused(shuffle_first_copy, demo(), prompt, 0, prepend_bos=True)


# Random tokens


@each
@either
@pytest.mark.parametrize("seed", [0, 5])
def test_every_token_is_another_text_token(name, bos, seed):
    tokenizer = KINDS[name]()
    text = random_tokens(tokenizer, PANGRAM, seed, prepend_bos=bos)
    clean, drawn = (tokenize_prompt(tokenizer, t, prepend_bos=bos) for t in (PANGRAM, text))
    assert align(clean, drawn).n_different == len(clean) - bos
    assert not drawn.typed_special
    assert text == random_tokens(tokenizer, PANGRAM, seed, prepend_bos=bos)
    assert text != random_tokens(tokenizer, PANGRAM, seed + 1, prepend_bos=bos)


@settings(max_examples=30)
@given(
    st.text(min_size=1, max_size=20).filter(str.strip) | st.just(f"{EOT} a{EOT}"), st.integers(0)
)
def test_any_prompt_has_as_many_random_tokens(prompt, seed):
    clean = tokenize_prompt(demo(), prompt, prepend_bos=True)
    text = random_tokens(demo(), prompt, seed, prepend_bos=True)
    drawn = tokenize_prompt(demo(), text, prepend_bos=True)
    assert align(clean, drawn).n_different == len(clean) - 1


def test_words_are_not_drawn_twice_while_there_are_enough():
    drawn = ids(demo(), random_tokens(demo(), "a b " * 100, 0, prepend_bos=False))
    assert len(set(drawn)) == len(drawn) == len(ids(demo(), "a b " * 100))


@pytest.mark.parametrize(
    "builder",
    [
        lambda prompt, bos: replace_token(small(), prompt, 1, " fox", prepend_bos=bos),
        lambda prompt, bos: swap_names(small(), prompt, prepend_bos=bos),
        lambda prompt, bos: shuffle_first_copy(small(), prompt, 0, prepend_bos=bos),
        lambda prompt, bos: random_tokens(small(), prompt, 0, prepend_bos=bos),
    ],
)
def test_a_prompt_that_cannot_be_read_is_the_prompts_fault(builder):
    assert "no tokens" in refused(builder, "", True, field="prompt")


def test_bos_where_the_tokenizer_has_none_is_told():
    words = checkpoints.tokenizer()
    words.bos_token = None
    refused(random_tokens, words, PANGRAM, 0, prepend_bos=True, field="prepend_bos")
    drawn = random_tokens(words, PANGRAM, 0, prepend_bos=False)
    assert len(ids(words, drawn)) == len(ids(words, PANGRAM))


# Drawing


def test_a_negative_seed_is_told():
    assert "-1" in refused(random_generator, -1, field="seed")
    assert "-1" in refused(random_tokens, demo(), IOI, -1, prepend_bos=True, field="seed")


def test_the_pool_is_words_where_there_are_enough_and_text_where_not():
    words = text_pool(small(), 2)
    assert {small().decode([i]) for i in words} >= {" quick", " over", " jumps"}
    assert all(small().decode([i])[1:].isalpha() for i in words)
    more = text_pool(small(), len(words) + 1)
    assert {small().decode([i]) for i in set(more) - set(words)} >= {" fox", " dog"}
    assert all(small().decode([i])[1:].isalpha() for i in more)
    text = text_pool(small(), len(more) + 1)
    assert set(words) < set(more) < set(text)
    assert not set(text) & set(small().all_special_ids)
    assert "tokens of text" in refused(text_pool, small(), len(text) + 1, field="model")


def test_text_that_reads_as_other_tokens_is_no_exact_text():
    split = [*encode(small(), " f", "prompt"), *encode(small(), "ox", "prompt")]
    assert exact_text(small(), split) is None
    assert exact_text(small(), encode(small(), " fox🙂", "prompt")) == " fox🙂"


def test_special_tokens_are_never_drawn():
    tokenizer = checkpoints.tokenizer()
    tokenizer.add_special_tokens({"additional_special_tokens": [" stop"]})
    (stop,) = encode(tokenizer, " stop", "prompt")
    assert stop not in text_pool(tokenizer, 2)
    assert stop not in text_pool(tokenizer, 100)


# Characters, of which "ab" and "bc" are also tokens together: what is drawn may read otherwise


@cache
def letters():
    pieces = {c: i for i, c in enumerate(("a", "b", "c", "d", "ab", "bc"))}
    bpe = Tokenizer(models.BPE(pieces, [("a", "b"), ("b", "c")]))
    bpe.decoder = decoders.Fuse()
    return PreTrainedTokenizerFast(tokenizer_object=bpe)


@pytest.mark.parametrize("seed", range(20))
def test_draws_that_read_otherwise_are_drawn_again(seed):
    clean = ids(letters(), "dadcda")
    drawn = ids(letters(), random_tokens(letters(), "dadcda", seed, prepend_bos=False))
    assert len(drawn) == 6
    assert all(a != b for a, b in zip(clean, drawn, strict=True))


@pytest.mark.parametrize("seed", range(10))
def test_orders_that_read_otherwise_are_left_out(seed):
    clean = ids(letters(), "cbadcba")
    text = shuffle_first_copy(letters(), "cbadcba", seed, prepend_bos=False)
    assert "ab" not in text
    assert sorted(ids(letters(), text)) == sorted(clean)
    assert text.endswith("dcba")


def test_a_replacement_that_changes_its_neighbour_is_refused():
    assert [len(ids(letters(), text)) for text in ("bbc", "abc")] == [2, 2]
    assert ids(letters(), "bbc")[1] != ids(letters(), "abc")[1]
    said = refused(replace_token, letters(), "bbc", 0, "a", prepend_bos=False)
    assert "neighbours" in said


def test_too_many_random_tokens_for_a_tokenizer_that_joins_them():
    said = refused(random_tokens, letters(), "d" * 400, 0, prepend_bos=False)
    assert "400 random tokens" in said

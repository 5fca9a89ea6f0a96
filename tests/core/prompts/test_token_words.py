"""What is said of tokens and answers."""

import time

from core.prompts.token_words import (
    MOST_SAID,
    answer_words,
    token_count_words,
    typed_answer_words,
)
from core.text.words import Span, Style, plain, token


def counted(**changed):
    said = {"has_bos": True, "n_target": 1, "target_is_set": False, "n_typed_special": 0}
    return token_count_words(1_234, **said | changed)


def test_an_answer_is_in_a_row_or_a_choice():
    assert answer_words((" a", " b"), " a b") == (token("␣a␣b"),)
    assert answer_words((" a", " b"), (" a", " b")) == (token("␣a"), Span(" or "), token("␣b"))


def test_of_a_set_as_large_as_a_vocabulary_the_first_are_named_at_once():
    tokens = [f" {number}" for number in range(50_257)]
    began = time.monotonic()
    said = plain(answer_words(tokens, tuple(tokens)))
    assert time.monotonic() - began < 5
    assert said.startswith("␣0 or ␣1 or ")
    assert said.endswith(f"␣{MOST_SAID - 1} or 50,157 more")


def test_what_was_typed_is_shown_without_a_tokenizer():
    assert plain(typed_answer_words(" jumps over")) == "␣jumps␣over"
    assert plain(typed_answer_words((" a", "b\n"))) == "␣a or b↵"


def test_the_count_says_what_a_longer_answer_means():
    assert plain(counted()) == "1,234 tokens, BOS included"
    assert plain(counted(has_bos=False)) == "1,234 tokens, no BOS"
    assert plain(counted(n_target=2)).endswith(
        " · the target is 2 tokens: its probability is the product over all of them"
    )
    assert plain(counted(n_target=3, target_is_set=True)).endswith(
        " · the target is any of 3 tokens: their probabilities are added"
    )


def test_special_tokens_that_were_typed_are_a_warning():
    one, more = (counted(n_typed_special=n)[-1] for n in (1, 2))
    assert one.style is more.style is Style.WARNING
    assert one.text.startswith("1 special token in the prompt: ")
    assert more.text.startswith("2 special tokens in the prompt: ")

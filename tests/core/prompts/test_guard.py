"""Tokenizers that panic, search for ever, blow texts up or have no token for one."""

import json
import time

import pytest
from support import tokenizer_kinds
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from core.errors import InputError
from core.prompts import guard
from core.prompts.guard import guard_of
from core.prompts.random_text import decode, text_token_ids
from core.prompts.tokenizer_rules import MAX_GROWTH, tokenizer_rules
from core.prompts.tokens import encode, token_text, tokenize_prompt

PANICS = r"(a+)+b|(a|aa)+$|(.*a){25}b"
"""Oniguruma gives up on thirty a's, and tokenizers panics."""
LETTERS = {"a": 0, "b": 1, " ": 2}


def tokenizer(normalizer=None, pre_tokenizer=None, decoder=None, vocab=LETTERS):
    made = Tokenizer(models.WordLevel(vocab, unk_token="a"))
    for name, part in (
        ("normalizer", normalizer), ("pre_tokenizer", pre_tokenizer), ("decoder", decoder)
    ):  # fmt: skip
        if part is not None:
            setattr(made, name, part)
    return PreTrainedTokenizerFast(tokenizer_object=made)


def split(regex):
    return pre_tokenizers.Split(Regex(regex), "isolated")


def tens(rules):
    return normalizers.Sequence([normalizers.Replace("a", "a" * 10) for _ in range(rules)])


def rules_of(made):
    return tokenizer_rules(json.loads(made.backend_tokenizer.to_str()))


@pytest.fixture
def closed():
    """Ends what a test's guards have started."""
    made = []
    yield made.append
    for each in made:
        guard_of(each).close()


@pytest.mark.slow
def test_a_panic_is_a_sentence_and_the_next_text_is_read(closed):
    panics = tokenizer(pre_tokenizer=split(PANICS))
    closed(panics)
    with pytest.raises(InputError) as caught:
        encode(panics, "a" * 30, "prompt")
    assert "cannot read the prompt: Onig" in str(caught.value)
    assert caught.value.field == "prompt"
    assert encode(panics, "b", "prompt") == [1]


@pytest.mark.slow
def test_a_search_without_end_is_stopped_in_time_and_others_go_on(closed, monkeypatch):
    endless = tokenizer(pre_tokenizer=split(r"(.*a){3}b"))
    closed(endless)
    assert encode(endless, "b", "prompt") == [1]
    monkeypatch.setattr(guard, "READ_S", 0.5)
    began = time.monotonic()
    with pytest.raises(InputError, match=r"took longer than 0 s, and was stopped"):
        encode(endless, "a" * 20_000, "corrupted_prompt")
    assert time.monotonic() - began < 5
    monkeypatch.undo()
    assert encode(endless, "b", "prompt") == [1]


def test_rules_that_make_a_billion_characters_are_refused_before_any_text():
    with pytest.raises(ValueError, match="1,000,000,000 times as long"):
        rules_of(tokenizer(normalizer=tens(9)))
    with pytest.raises(InputError, match="times as long, at most 10,000"):
        encode(tokenizer(normalizer=tens(9)), "a" * 40, "prompt")


@pytest.mark.slow
def test_what_grows_less_is_read_where_its_memory_and_tokens_have_an_end(closed):
    grows = tokenizer(normalizer=tens(3), pre_tokenizer=split("[a]"))
    assert rules_of(grows).growth == 1_000
    closed(grows)
    assert encode(grows, "aa", "prompt") == [0] * 2_000
    with pytest.raises(InputError, match=r"2,000,000 tokens|memory|broke off|took longer"):
        encode(grows, "a" * 2_000, "prompt")
    assert len(encode(grows, "a", "prompt")) == 1_000


@pytest.mark.slow
@pytest.mark.parametrize("text", ["The quick brown fox", "é 中 😀\n\t", "a" * 500, "", "<|x|> a"])
def test_a_guarded_tokenizer_reads_as_it_would_here(closed, text):
    """One regular expression that nobody has looked at, on an ordinary tokenizer."""
    made = PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer.from_str(tokenizer_kinds.demo().backend_tokenizer.to_str())
    )
    made.backend_tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [split(r"(?:foo|[a-z])+"), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    closed(made)
    assert guard_of(made) is not None
    assert encode(made, text, "prompt") == made(text, add_special_tokens=False)["input_ids"]


@pytest.mark.parametrize("kind", tokenizer_kinds.KINDS)
def test_ordinary_tokenizers_are_read_in_this_process(kind):
    assert guard_of(tokenizer_kinds.KINDS[kind]()) is None


LLAMA = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])


@pytest.mark.parametrize(
    ("parts", "guarded"),
    [
        ({}, False),
        ({"normalizer": normalizers.NFC()}, False),
        ({"normalizer": normalizers.NFKC()}, False),
        ({"normalizer": LLAMA}, False),
        ({"normalizer": normalizers.Replace(Regex(" {2,}"), " ")}, False),
        ({"pre_tokenizer": split(r"\p{N}")}, False),
        ({"pre_tokenizer": split(r"[0-9][0-9][0-9]")}, True),
        ({"pre_tokenizer": split(PANICS)}, True),
        ({"normalizer": normalizers.Sequence([normalizers.NFKC(), normalizers.NFKD()])}, True),
        ({"normalizer": tens(3)}, True),
    ],
)
def test_which_rules_need_a_guard(parts, guarded):
    assert rules_of(tokenizer(**parts)).guarded is guarded


LLAMA_3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


@pytest.mark.slow
@pytest.mark.parametrize("text", ["a" * 50_000, " " * 50_000, "'" * 50_000, "a1 \n" * 12_500])
def test_the_known_expressions_need_no_guard_and_take_no_time(text):
    made = tokenizer(pre_tokenizer=split(LLAMA_3))
    assert not rules_of(made).guarded
    began = time.monotonic()
    encode(made, text, "prompt")
    assert time.monotonic() - began < 3


def of(**parts):
    return {"model": {"type": "WordLevel", "vocab": {}}, **parts}


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ([], "no object"),
        (of(normalizer="NFC"), "no object"),
        (of(normalizer={"type": "Sequence", "normalizers": 5}), "no list"),
        (of(normalizer={"type": {}}), "unknown kind"),
        (of(normalizer={"type": "Replace", "pattern": {"Regex": PANICS}, "content": ""}), "never"),
        (of(normalizer={"type": "Replace", "pattern": 5, "content": ""}), "no pattern"),
        (of(normalizer={"type": "Replace", "pattern": "a", "content": 5}), "no text"),
        (of(normalizer={"type": "Prepend", "prepend": "a" * 20_000}), "times as long"),
        (of(normalizer={"type": "Precompiled", "precompiled_charsmap": "?"}), "table"),
        (of(pre_tokenizer={"type": "Run"}), "unknown kind"),
        (of(decoder={"type": "Replace", "pattern": {"Regex": PANICS}, "content": ""}), "never"),
        (of(decoder={"type": "Sequence", "decoders": [
            {"type": "Replace", "pattern": {"String": "a"}, "content": "a" * 1_000}] * 3}),
         "decoder can make"),
        (of(normalizer={"type": "Replace", "pattern": {"String": "a"}, "content": "a" * 1_000},
            added_tokens=[{"content": "a" * 250_000}]), "added tokens are too long"),
    ],
)  # fmt: skip
def test_rules_that_cannot_be_used_are_a_clause(written, said):
    with pytest.raises(ValueError, match=said) as caught:
        tokenizer_rules(written)
    assert len(str(caught.value)) < 250


def test_sequences_in_sequences_end():
    deep = {"type": "NFC"}
    for _ in range(5_000):
        deep = {"type": "Sequence", "normalizers": [deep]}
    assert tokenizer_rules(of(normalizer=deep)).growth == 3
    with pytest.raises(ValueError, match="times as long"):
        tokenizer_rules(of(normalizer={"type": "Sequence", "normalizers": [{"type": "NFC"}] * 9}))
    assert MAX_GROWTH < 3**9


def test_a_text_without_a_token_for_it_is_a_sentence():
    bare = PreTrainedTokenizerFast(tokenizer_object=Tokenizer(models.WordLevel(LETTERS)))
    with pytest.raises(InputError, match=r"cannot read the prompt: .*\[UNK\].*\."):
        tokenize_prompt(bare, "zebra", prepend_bos=False)
    assert encode(bare, "a", "prompt") == [0]


def test_a_decoder_that_fails_leaves_the_vocabularys_own_text():
    """Stripping more from both ends than there is panics."""
    broken = tokenizer(decoder=decoders.Strip("a", 3, 3))
    assert token_text(broken, 1) == "b"
    assert text_token_ids(broken) == [1, 2]
    with pytest.raises(InputError, match="cannot turn its own tokens into text"):
        decode(broken, [0, 1])

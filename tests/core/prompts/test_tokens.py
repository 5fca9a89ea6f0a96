"""Text to ids to labels: one tokenisation, nothing lost, nothing that could be misread."""

import unicodedata
from functools import cache

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support import checkpoints
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from core.errors import InputError
from core.prompts.tokens import (
    check_fit,
    encode,
    token_text,
    tokenize_answer,
    tokenize_prompt,
    visible_text,
    with_leading_space,
)
from core.spec.spec import SweepSpec

pytestmark = pytest.mark.filterwarnings("ignore:Do not use the `random` module")

PANGRAM = checkpoints.TEXT
EOT = "<|endoftext|>"


@cache
def byte_level():
    return checkpoints.tokenizer()


def sentencepiece_like():
    """Llama's kind: U+2581 for a space, <0xNN> for bytes outside the vocabulary."""
    pieces = ["<s>", "</s>", *(f"<0x{b:02X}>" for b in range(256)), "▁The", "▁fox", "es", "▁"]
    bpe = Tokenizer(models.BPE({p: i for i, p in enumerate(pieces)}, [], byte_fallback=True))
    bpe.pre_tokenizer = pre_tokenizers.Metaspace()
    bpe.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
    )
    return PreTrainedTokenizerFast(tokenizer_object=bpe, bos_token="<s>", eos_token="</s>")


def test_bos_comes_first_and_only_when_asked_for():
    words = byte_level()
    bare = tokenize_prompt(words, PANGRAM, prepend_bos=False)
    assert bare.ids == tuple(words(PANGRAM, add_special_tokens=False)["input_ids"])
    assert not any(bare.special)
    assert not bare.has_bos
    begun = tokenize_prompt(words, PANGRAM, prepend_bos=True)
    assert begun.ids == (words.bos_token_id, *bare.ids)
    assert begun.texts == (EOT, *bare.texts)
    assert begun.special == (True, *bare.special)
    assert (len(bare), len(begun)) == (14, 15)


def test_the_pangram_reads_as_its_words():
    texts = tokenize_prompt(byte_level(), PANGRAM, prepend_bos=False).texts
    assert texts[:4] == ("The", " quick", " brown", " fox")
    assert "".join(texts) == PANGRAM


def test_a_typed_special_token_is_parsed_and_flagged():
    words = byte_level()
    typed = tokenize_prompt(words, f"The{EOT} fox", prepend_bos=True)
    assert typed.texts == (EOT, "The", EOT, " fox")
    assert typed.ids[2] == words.eos_token_id
    assert typed.typed_special == (2,)
    # The same text first in the prompt is typed, not BOS, unless BOS was put there.
    assert tokenize_prompt(words, f"{EOT}The", prepend_bos=False).typed_special == (0,)
    assert tokenize_prompt(words, f"{EOT}The", prepend_bos=True).typed_special == (1,)
    assert tokenize_prompt(words, "The", prepend_bos=True).typed_special == ()


def test_an_answer_is_one_sequence_or_a_set_of_single_tokens():
    words = byte_level()
    one = tokenize_answer(words, " jumps", "target")
    assert one.texts == (" jumps",)
    assert one.sequence == tuple(encode(words, " jumps", "target"))
    assert not one.is_set
    several = tokenize_answer(words, " jumps over", "target")
    assert several.texts == (" jumps", " over")
    assert len(several.sequence) == 2
    assert not several.is_set
    either = tokenize_answer(words, (" jumps", " over"), "target")
    assert either.texts == (" jumps", " over")
    assert either.is_set
    assert {option[0] for option in either.options} == set(several.sequence)


def test_members_of_a_set_are_single_and_different_tokens():
    words = byte_level()
    with pytest.raises(InputError, match="2 tokens") as caught:
        tokenize_answer(words, (" jumps", " lazy dog"), "foil")
    assert caught.value.field == "foil"
    assert "' lazy dog'" in str(caught.value)


def test_what_holds_no_tokens_is_refused():
    letters = PreTrainedTokenizerFast(tokenizer_object=Tokenizer(models.BPE({"a": 0}, [])))
    for call, field in (
        (lambda: tokenize_prompt(letters, "x", prepend_bos=False), "prompt"),
        (lambda: tokenize_answer(letters, "x", "target"), "target"),
    ):
        with pytest.raises(InputError, match="no tokens") as caught:
            call()
        assert caught.value.field == field


def test_bos_where_the_tokenizer_has_none_is_an_input_error():
    words = checkpoints.tokenizer()
    words.bos_token = None
    with pytest.raises(InputError, match="beginning-of-sequence") as caught:
        tokenize_prompt(words, "The", prepend_bos=True)
    assert caught.value.field == "prepend_bos"


@pytest.mark.parametrize("text", ["🙂", "שלום עולם", "a\x00b", "\u202eabc", "é", "\n\n", "  two"])
def test_odd_text_is_read_whole(text):
    words = byte_level()
    prompt = tokenize_prompt(words, text, prepend_bos=False)
    assert words.decode(prompt.ids) == text


def test_half_a_character_shows_as_its_bytes():
    words = byte_level()
    texts = tokenize_prompt(words, "🙂", prepend_bos=False).texts
    assert "".join(texts) == r"\xf0\x9f\x99\x82"
    assert all(set(text) <= set(r"\x0123456789abcdef") for text in texts)


def test_half_a_character_beside_a_letter():
    # A piece may hold whole letters and the first byte of the next character.
    bpe = Tokenizer(models.BPE({"a": 0, "Ã": 1, "©": 2, "aÃ": 3}, [("a", "Ã")]))
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    words = PreTrainedTokenizerFast(tokenizer_object=bpe)
    assert tokenize_prompt(words, "aé", prepend_bos=False).texts == (r"a\xc3", r"\xa9")
    assert tokenize_prompt(words, "é", prepend_bos=False).texts == (r"\xc3", r"\xa9")


@pytest.mark.slow
@given(st.text(min_size=1, max_size=40))
@example("a\u202eb")
@example("\ud7ff\ue000\uffff")
@example(" \u00a0\x00\r\n")
def test_token_texts_join_to_the_text_or_to_its_bytes(text):
    words = byte_level()
    texts = [token_text(words, i) for i in encode(words, text, "prompt")]
    joined = b"".join(
        bytes(int(b, 16) for b in piece.split("\\x")[1:]) if _is_bytes(piece) else piece.encode()
        for piece in texts
    )
    assert joined == text.encode()
    if not any(_is_bytes(piece) for piece in texts):
        assert "".join(texts) == text


def _is_bytes(piece: str) -> bool:
    """Written as bytes: this tokenizer's half characters are always tokens of their own."""
    return len(piece) > 3 and piece.startswith("\\x")


@given(st.text(alphabet=st.characters(codec="ascii"), max_size=60))
def test_ascii_text_is_never_changed(text):
    words = byte_level()
    assert "".join(token_text(words, i) for i in encode(words, text, "prompt")) == text


def test_sentencepiece_keeps_its_leading_space_and_its_bytes():
    words = sentencepiece_like()
    texts = tokenize_prompt(words, "The fox", prepend_bos=True).texts
    assert texts[0] == "<s>"
    ids = words.convert_tokens_to_ids(["▁The", "▁fox", "es", "▁", "<0xF0>", "<0x41>", "<s>"])
    shown = [token_text(words, i) for i in ids]
    assert shown == [" The", " fox", "es", " ", r"\xf0", "A", "<s>"]


def test_an_id_outside_the_vocabulary_has_a_text_of_its_own():
    # Unembeddings are often padded: a top prediction may be an id that no token has.
    words = byte_level()
    assert token_text(words, len(words) + 5) == f"[{len(words) + 5}]"


def test_with_leading_space_offers_the_usual_form_only():
    words = byte_level()
    assert with_leading_space(words, "jumps") == " jumps"
    assert with_leading_space(words, " jumps") is None
    assert with_leading_space(words, "\njumps") is None
    assert with_leading_space(words, "") is None
    assert with_leading_space(words, "zebra") is None  # several tokens with its space too
    assert with_leading_space(words, "\ud800") is None


def test_a_lone_surrogate_is_an_input_error_of_its_field():
    with pytest.raises(InputError) as caught:
        encode(byte_level(), "a\ud800", "foil")
    assert caught.value.field == "foil"


def fits(prompt, answer, n_ctx, positions="all"):
    check_fit(SweepSpec("demo", "a", " b", positions=positions), prompt, answer, n_ctx)


def test_what_fits_exactly_is_taken():
    fits(64, 1, 64)
    fits(63, 2, 64)
    fits(3, 2, 64, positions=(3,))


@pytest.mark.parametrize(
    ("prompt", "answer", "positions", "field", "said"),
    [
        (65, 1, "all", "prompt", "65 tokens"),
        (64, 2, "all", "target", "65 positions"),
        (3, 2, (0, 4), "positions", "Position 4"),
        (3, 1, (3,), "positions", "0 to 2"),
    ],
)
def test_what_does_not_fit_gives_both_numbers(prompt, answer, positions, field, said):
    with pytest.raises(InputError) as caught:
        fits(prompt, answer, 64, positions)
    assert caught.value.field == field
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (" jumps", "␣jumps"),
        ("a\nb", "a↵b"),
        ("\t", "⇥"),
        ("\x00", "␀"),
        ("\x1b[31m", "␛[31m"),
        ("\x7f", "␡"),
        ("\u202eabc", "⟨U+202E⟩abc"),
        ("\u200b", "⟨U+200B⟩"),
        ("\ud800", "⟨U+D800⟩"),
        ("\u2028", "⟨U+2028⟩"),
        ("🙂é<img>", "🙂é<img>"),
    ],
)
def test_visible(text, shown):
    assert visible_text(text) == shown


@given(st.text(alphabet=st.characters(), max_size=40))
def test_nothing_invisible_is_left(text):
    shown = visible_text(text)
    assert not any(character.isspace() for character in shown)
    assert not any(unicodedata.category(c)[0] == "C" and _assigned(c) for c in shown)
    overrides = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
    assert not any(unicodedata.bidirectional(c) in overrides for c in shown)


def _assigned(character: str) -> bool:
    return unicodedata.category(character) != "Cn"


@given(st.text(alphabet=st.characters(categories=("L", "N", "P", "S")), max_size=40))
def test_visible_text_is_left_alone(text):
    assert visible_text(text) == text

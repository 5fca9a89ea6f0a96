"""The reference set: the default one, and texts from a box or a file."""

import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from transformers import AutoTokenizer

from core.checkpoints.catalogue import DEMO_FOLDER
from core.errors import InputError
from core.prompts.tokens import tokenize_prompt
from core.spec.checks import MAX_PROMPT_CHARACTERS
from core.spec.reference_set import (
    DEFAULT,
    MAX_BYTES,
    MAX_CHARACTERS,
    MAX_PROMPTS,
    NAME,
    ReferenceLines,
    ReferenceTextError,
    checked,
    from_bytes,
    located_in,
    name_of,
    parse,
    parse_lines,
    read,
)

pytestmark = pytest.mark.filterwarnings("ignore:Do not use the `random` module")


def refused(call, *arguments) -> str:
    with pytest.raises(InputError) as caught:
        call(*arguments)
    assert caught.value.field == "reference"
    message = str(caught.value)
    message.encode()  # no half character is repeated
    return message


def test_the_default_set_is_64_different_sentences_of_ordinary_length():
    assert len(DEFAULT) == len(set(DEFAULT)) == 64
    assert all(6 <= len(sentence.split()) <= 25 for sentence in DEFAULT)
    assert checked(DEFAULT) == DEFAULT
    assert parse("\n".join(DEFAULT)) == DEFAULT


def test_the_default_set_is_varied():
    openings = {sentence.split()[0] for sentence in DEFAULT}
    assert len(openings) >= 40
    assert sum("?" in sentence for sentence in DEFAULT) >= 5
    assert sum(sentence.startswith('"') for sentence in DEFAULT) >= 4
    assert sum(any(c.isdigit() for c in sentence) for sentence in DEFAULT) >= 5


def test_the_default_set_fits_the_embedded_model_easily():
    words = AutoTokenizer.from_pretrained(DEMO_FOLDER)
    lengths = [len(tokenize_prompt(words, s, prepend_bos=True)) for s in DEFAULT]
    assert min(lengths) > 5
    assert max(lengths) < 64


def test_names():
    assert name_of(None) == name_of(DEFAULT) == NAME
    assert "64" in NAME
    assert name_of(("a b",)) == "1 reference prompt"
    assert name_of(("a b", "c")) == "2 reference prompts"
    assert name_of(DEFAULT[:-1]) == "63 reference prompts"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a", ("a",)),
        ("a b\nc", ("a b", "c")),
        ("a\r\nb\r\n", ("a", "b")),
        ("a\rb", ("a", "b")),
        ("\ufeffa\nb", ("a", "b")),
        ("\n\n  \na\n\t\nb\n\n", ("a", "b")),
        (" a \nb\t", (" a ", "b\t")),
        ("a\na", ("a", "a")),
        ("one\u2028line\x0b\x0c\x85", ("one\u2028line\x0b\x0c\x85",)),
        ("🙂\nשלום", ("🙂", "שלום")),
    ],
)
def test_one_prompt_a_line(text, expected):
    assert parse(text) == expected


LINES = st.text(st.characters(codec="utf-8", exclude_characters="\r\n\ufeff"), min_size=1).filter(
    str.strip
)


@pytest.mark.slow
@given(st.lists(LINES, min_size=1, max_size=8), st.sampled_from(["\n", "\r\n", "\n\n", "\n \r\n"]))
def test_lines_come_back_as_they_were(lines, between):
    assert parse(between.join(lines)) == tuple(lines)


@pytest.mark.parametrize("text", ["", "\n", " \r\n\t\n", "\ufeff", "\u3000\n"])
def test_blank_lines_alone_are_no_reference_set(text):
    assert "empty" in refused(parse, text)


def test_the_faulty_line_is_named():
    assert "Line 3" in (said := refused(parse, "a\n\nb\ud83d"))
    assert "U+D83D" in said
    assert "Line 2 has 50,001 characters" in refused(
        parse, "a\n" + "b" * (MAX_PROMPT_CHARACTERS + 1)
    )


def test_a_text_is_said_of_its_line_where_lines_were_read():
    error = ReferenceTextError(2, "b\x1b", "has 2 tokens.")
    assert str(error) == "Reference prompt 2 (“b\\x1b”) has 2 tokens."
    typed = parse_lines("\na\n \r\nb\x1b")
    assert typed == ReferenceLines(("a", "b\x1b"), (2, 4))
    assert str(typed.located(error)) == "Line 4 (“b\\x1b”) has 2 tokens."
    in_a_file = from_bytes("own.txt", b"a\n\n\nb\x1b")
    assert str(in_a_file.located(error)) == "'own.txt': Line 4 (“b\\x1b”) has 2 tokens."
    other = InputError("reference", "The set is of no use.")
    assert in_a_file.located(other) is other
    assert ReferenceLines(("a", "b\nc")).located(error) is error
    with pytest.raises(InputError, match=r"^Line 4 ") as caught, located_in(typed):
        raise error
    assert caught.value.field == "reference"
    with pytest.raises(ReferenceTextError), located_in(None):
        raise error


def test_bounds():
    assert len(parse("a\n" * MAX_PROMPTS)) == MAX_PROMPTS
    assert "1,001 prompts" in refused(parse, "a\n" * (MAX_PROMPTS + 1))
    ten = ["a" * (MAX_CHARACTERS // 10)] * 10
    assert len(checked(ten)) == 10
    assert "500,001 characters" in refused(checked, [*ten, "b"])


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("a b", "text, not a list"),
        (None, "is null, not a list"),
        ({"a": 1}, "is an object, not a list"),
        ([], "empty"),
        ((), "empty"),
        (["a", ""], "Reference prompt 2 is empty"),
        (["a", " \n"], "Reference prompt 2 is blank"),
        (["a", "b", 3], "Reference prompt 3 is a number, not text"),
        ([b"a"], "Reference prompt 1 is a value of the type bytes"),
        ([["a"]], "Reference prompt 1 is a list, not text"),
        (["a", "\udc00"], "Reference prompt 2 holds half"),
    ],
)
def test_bad_values_say_which_prompt_is_at_fault(value, said):
    assert said in refused(checked, value)


def test_a_file_is_read_as_it_was_written(tmp_path):
    path = tmp_path / "reference.txt"
    path.write_bytes("\ufeffThe 🙂 fox\r\n\r\n na\u00efve\r\n".encode())
    found = read(path)
    assert found.texts == ("The 🙂 fox", " na\u00efve")
    assert found.file == str(path)


def test_a_file_that_cannot_be_read_says_why(tmp_path):
    missing = tmp_path / "none.txt"
    assert "none.txt" in refused(read, missing)
    assert "is a folder" in refused(read, tmp_path)
    assert "cannot be read" in refused(read, tmp_path / "a\0b")
    file = tmp_path / "file.txt"
    file.write_text("a")
    assert "cannot be read" in refused(read, file / "inside.txt")
    file.write_text(" \n")
    assert "empty" in refused(read, file)


def test_a_file_that_is_no_utf_8_says_where(tmp_path):
    path = tmp_path / "latin.txt"
    path.write_bytes("caf\u00e9\n".encode("latin-1"))
    said = refused(read, path)
    assert "byte 4 is 0xE9" in said
    path.write_bytes("wide".encode("utf-16"))
    assert "byte 1 is 0xFF" in refused(read, path)


def test_a_large_file_is_not_read_whole(tmp_path):
    path = tmp_path / "large.txt"
    path.write_bytes(b"a\n" * (MAX_BYTES // 2) + b"a")
    assert "5 MB" in refused(read, path)
    if sys.platform == "linux":
        assert "5 MB" in refused(read, Path("/dev/zero"))  # endless

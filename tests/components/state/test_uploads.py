"""A reference file given to the page."""

import pytest
from streamlit.runtime.uploaded_file_manager import DeletedFile

from components.state.uploads import Upload, content_of, read_upload, upload_of
from core.errors import InputError
from core.spec.reference_set import MAX_BYTES


def test_one_prompt_a_line():
    assert read_upload("a.txt", "\ufeffOne.\r\n\r\n zwei 😀\n".encode()) == Upload(
        "a.txt", ("One.", " zwei 😀"), (1, 3)
    )


@pytest.mark.parametrize(
    ("raw", "part"),
    [
        (b"ab\xff", "not UTF-8 text: byte 3 is 0xFF"),
        (b"", "empty"),
        (b"\n \n", "empty"),
        (b"a" * (MAX_BYTES + 1), "larger than 5 MB"),
        (b"a\n" * 1001, "1,001 prompts"),
    ],
)
def test_a_file_that_is_refused_says_why_when_it_is_used(raw, part):
    upload = read_upload("a.txt", raw)
    with pytest.raises(InputError, match=part) as caught:
        upload.reference()
    assert caught.value.field == "reference"
    assert "'a.txt'" in str(caught.value)


def test_a_file_that_was_dropped_or_never_sent_is_a_sentence():
    gone = DeletedFile("no-such-file")
    with pytest.raises(InputError, match="choose it again"):
        content_of(gone)
    assert "choose it again" in str(upload_of(gone).error)

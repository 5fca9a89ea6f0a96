"""Words keep every character and its style, and lose both only where that is asked for."""

from hypothesis import given
from hypothesis import strategies as st

from core.text.words import Span, Style, bold, joined, phrase, plain, token, warning

TEXTS = st.lists(st.text(max_size=8), max_size=6)


def test_strings_spans_and_words_stand_in_their_order():
    inner = phrase("b ", bold("c"))
    assert phrase("a ", inner, token("d"), warning("e")) == (
        Span("a "),
        Span("b "),
        Span("c", Style.BOLD),
        Span("d", Style.TOKEN),
        Span("e", Style.WARNING),
    )


@given(TEXTS)
def test_nothing_is_lost_and_nothing_empty_is_kept(texts):
    said = phrase(*texts, *map(token, texts))
    assert plain(said) == "".join(texts) * 2
    assert all(span.text for span in said)


@given(TEXTS.map(lambda texts: [text for text in texts if text]))
def test_joined_is_what_str_join_does(texts):
    assert plain(joined(" or ", map(token, texts))) == " or ".join(texts)
    styles = {span.style for span in joined(" or ", map(token, texts))}
    assert styles <= {Style.TOKEN, Style.PLAIN}

"""Heads as text: both forms are read, the labels are written, nonsense is named."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import InputError
from core.hypotheses.parse_heads import checked_heads, heads_text, parse_heads
from core.spec.heads import Head

SHAPE = (12, 12)
HEADS = st.builds(Head, st.integers(0, 11), st.integers(0, 11))


@pytest.mark.parametrize(
    "text", ["L5H5, L6H9", "5.5 6.9", "l6h9;L5H5", "\n6.9,\t5.5,\n", "L5H5 L6H9 5.5"]
)
def test_the_usual_ways_to_write_a_set(text):
    assert parse_heads(text, SHAPE) == (Head(5, 5), Head(6, 9))


@settings(max_examples=50)
@given(st.lists(HEADS, min_size=1), st.sampled_from([", ", ",", ";", " ", "\n", " ; "]))
def test_what_is_written_is_read_back(heads, separator):
    distinct = tuple(sorted(set(heads)))
    assert parse_heads(heads_text(distinct), SHAPE) == distinct
    assert parse_heads(separator.join(f"{h.layer}.{h.head}" for h in heads), SHAPE) == distinct


@settings(max_examples=50)
@given(st.text(max_size=40))
def test_any_text_is_read_or_refused_in_words(text):
    try:
        found = parse_heads(text, SHAPE)
    except InputError as error:
        refused = error
    else:
        assert found == parse_heads(heads_text(found), SHAPE)
        return
    assert refused.field == "heads"
    assert str(refused).endswith(".")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "No head is named"),
        (" , ;", "No head is named"),
        ("L5H5 and 6.9", "'and' is not a head"),
        ("5-6", "'5-6' is not a head"),
        ("L1_0H1", "'L1_0H1' is not a head"),
        ("+1.1", "is not a head"),
        ("L٣H1", "'L٣H1' is not a head"),
        ("3.３", "is not a head"),
        ("L12H0", "no L12H0: its heads are L0H0 to L11H11"),
        ("0.12", "no L0H12"),
        ("9" * 5000 + ".1", "is not a head"),
        ("L12", "no layer 12: its layers are L0 to L11"),
        ("L1, L", "'L' is not a head"),
        ("L" + "9" * 5000, "is not a head"),
        ("0.0 " * 6000, "24,000 characters"),
    ],
)
def test_what_is_no_set_of_heads(text, said):
    with pytest.raises(InputError, match=said) as caught:
        parse_heads(text, SHAPE)
    assert caught.value.field == "heads"
    assert len(str(caught.value)) < 200


def test_limits_count_distinct_heads():
    assert len(parse_heads("0.0 0.1 0.0", SHAPE, least=2, most=2)) == 2
    with pytest.raises(InputError, match="3 heads are named; at most 2"):
        parse_heads("0.0 0.1 0.2", SHAPE, most=2)
    with pytest.raises(InputError, match="L0H0 is 1 head: name at least 2"):
        parse_heads("0.0 0.0", SHAPE, least=2)
    assert checked_heads([], SHAPE, least=0) == ()
    with pytest.raises(InputError, match="no L-1H0"):
        checked_heads([Head(-1, 0)], SHAPE)


def test_a_layer_is_all_of_its_heads():
    assert parse_heads("l1, 2.0", (3, 2)) == (Head(1, 0), Head(1, 1), Head(2, 0))
    assert len(parse_heads("L0 L1 0.1", SHAPE)) == 24

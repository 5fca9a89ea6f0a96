"""Heads as text: both forms are read, the labels are written, nonsense is named."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import InputError
from core.hypotheses.parse_heads import (
    checked_members,
    heads_text,
    parse_heads,
    parse_members,
)
from core.spec.heads import Head
from core.spec.members import Mlp

SHAPE = (12, 12)
HEADS = st.builds(Head, st.integers(0, 11), st.integers(0, 11))
MEMBERS = st.one_of(HEADS, st.builds(Mlp, st.integers(0, 11)))


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
    assert checked_members([], SHAPE, least=0) == ()
    with pytest.raises(InputError, match="no L-1H0"):
        checked_members([Head(-1, 0)], SHAPE)


def test_a_layer_is_all_of_its_heads():
    assert parse_heads("l1, 2.0", (3, 2)) == (Head(1, 0), Head(1, 1), Head(2, 0))
    assert len(parse_heads("L0 L1 0.1", SHAPE)) == 24


@pytest.mark.parametrize(
    "text", ["L5H5, MLP5, MLP11", "mlp11 5.5 Mlp5", "L11 MLP, L5 MLP; 5.5", "L5\tmlp L5H5 MLP11"]
)
def test_mlps_stand_after_the_heads_of_their_layer(text):
    assert parse_members(text, SHAPE) == (Head(5, 5), Mlp(5), Mlp(11))


def test_a_layer_is_named_as_tables_name_it():
    attention = tuple(Head(1, head) for head in range(2))
    assert parse_members("L1 attention", (3, 2)) == attention
    assert parse_members("L1 attention, L1 MLP", (3, 2)) == (*attention, Mlp(1))
    assert parse_members("L1 MLP2", (3, 2)) == (*attention, Mlp(2))
    assert parse_members("L1, MLP2", (3, 2)) == (*attention, Mlp(2))


@settings(max_examples=50)
@given(st.lists(MEMBERS, min_size=1))
def test_what_is_written_of_a_set_is_read_back(members):
    found = parse_members(heads_text(members), SHAPE)
    assert set(found) == set(members)
    assert found == parse_members(heads_text(found), SHAPE)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("MLP12", "no MLP12: its MLPs are MLP0 to MLP11"),
        ("L1, MLP", "'MLP' is not a head or an MLP"),
        ("MLP-1", "'MLP-1' is not a head or an MLP"),
        ("MLP1_0", "is not a head or an MLP"),
        ("MLP" + "9" * 5000, "is not a head or an MLP"),
        ("L1 MLPs", "'MLPs' is not a head or an MLP"),
    ],
)
def test_what_is_no_mlp(text, said):
    with pytest.raises(InputError, match=said) as caught:
        parse_members(text, SHAPE)
    assert caught.value.field == "heads"
    assert len(str(caught.value)) < 200


def test_what_works_on_heads_only_says_so():
    with pytest.raises(InputError, match="MLP3 is an MLP, and this works on heads only") as caught:
        parse_heads("L3H0, MLP3", SHAPE)
    assert caught.value.field == "heads"
    with pytest.raises(InputError, match="1 head and 2 MLPs are named; at most 2"):
        parse_members("0.0 MLP0 MLP1", SHAPE, most=2)
    with pytest.raises(InputError, match="MLP3 is 1 MLP: name at least 2"):
        parse_members("MLP3", SHAPE, least=2)

"""The glossary: what the program speaks of has an entry, and is found where it stands."""

from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.circuits.head_scores import ROLES
from core.demo.lexicon import all_words
from core.results.metrics import METRICS
from core.spec.ablation import AblationKind
from core.text.glossary import GROUPS, TERMS, meaning
from core.text.glossary.found import Seen, split_at_terms


def found_in(text: str) -> dict[str, str]:
    """The words of a text that are marked, and the term that each is."""
    return {words: term.name for words, term in split_at_terms(text, Seen()) if term is not None}


def test_no_two_terms_share_a_word_or_an_address():
    words = [form.casefold() for term in TERMS for form in {term.name, *term.forms}]
    assert len(words) == len(set(words))
    assert len({term.slug for term in TERMS}) == len(TERMS)
    assert [*chain.from_iterable(group.terms for group in GROUPS)] == [*TERMS]


def test_every_kind_metric_and_role_has_an_entry():
    for kind in AblationKind:
        assert meaning(kind.label).name == kind.label
    for metric in METRICS:
        assert meaning(metric.short)
    for role in ROLES:
        assert meaning(f"{role} head").name.replace("-", " ") == f"{role} head"


@pytest.mark.parametrize("term", TERMS, ids=lambda term: term.slug)
def test_an_entry_is_one_to_three_whole_sentences_of_bounded_length(term):
    assert term.says[0].isupper()
    assert term.says[-1] in ".?"
    assert len(term.says) < 300
    assert 1 <= term.says.count(". ") + 1 <= 3
    assert not term.is_everyday or set(term.forms).isdisjoint({term.name})


def test_a_term_is_marked_where_it_stands_first_whole_and_in_any_case():
    said = (
        "Ablating L1H0, a head, lowers the log odds; a head’s log odds. KL, klein, 3\u00a0pp, pps."
    )
    assert found_in(said) == {
        "Ablating": "ablate",
        "head": "attention head",
        "log odds": "log odds",
        "KL": "KL",
        "pp": "pp",
    }


def test_the_longest_words_win():
    found = found_in("direct logit attribution, logit difference, attribution patching")
    assert set(found.values()) == {"direct logit attribution", "logit diff", "first-order estimate"}


@pytest.mark.parametrize(
    "text",
    ["P(␣layer) 3 %", "the prompt ␣head␣token", "“prompt, head and layer”", "zero, mean and key",
     "a co-layer, layer-2, layers2, https://head/token.head"],
)  # fmt: skip
def test_what_is_typed_quoted_or_everyday_is_no_term(text):
    assert found_in(text) in ({}, {"prompt": "prompt"})


def test_words_in_an_open_quotation_mark_are_no_terms():
    assert found_in("token “head and prompt") == {"token": "token"}


TEXTS = st.lists(
    st.one_of(
        st.sampled_from([form for term in TERMS for form in term.forms]),
        st.sampled_from([" ", "“", "”", ". ", "␣", "-", "\u00a0"]),
        st.text(max_size=4),
    )
).map("".join)


@given(TEXTS)
def test_the_pieces_are_the_text_and_no_term_comes_twice(text):
    pieces = list(split_at_terms(text, Seen()))
    assert "".join(piece for piece, _ in pieces) == text
    terms = [term.slug for _, term in pieces if term is not None]
    assert len(terms) == len(set(terms))
    assert all(piece for piece, _ in pieces)


def test_terms_of_the_same_block_are_seen_once():
    seen = Seen()
    first, second = (list(split_at_terms("a head", seen)) for _ in range(2))
    assert [term is not None for _, term in first] == [False, True]
    assert second == [("a head", None)]


def test_most_of_the_embedded_model_s_words_mean_nothing_here():
    assert len(found_in(", ".join(all_words()))) < 10

"""The prompt as a text to read with a head: its weights lie in the tokens' attributes."""

import html
import re

import numpy as np
import pytest

from components.widgets.head.reading_view import LEAST, MOST, reading_html
from core.circuits.attention import head_attention
from core.demo import example
from core.spec.heads import Head
from core.sweep.scorer import Scorer

CHIP = re.compile(
    r'<span class="hs-tok(?: read held)?" role="button" tabindex="0" style="[^"]*" '
    r'data-at="(\d+)" data-to="([\d:,]*)" data-from="([\d:,]*)">(.*?)</span>'
)


def read(weights, tokens):
    """(to, from, text) of every token as the page's script reads them."""

    def pairs(text):
        return [tuple(map(int, pair.split(":"))) for pair in text.split(",") if pair]

    chips = CHIP.findall(reading_html(weights, tokens, len(tokens) - 1))
    assert [int(at) for at, *_ in chips] == list(range(len(tokens)))
    return [(pairs(to), pairs(by), html.unescape(text)) for _, to, by, text in chips]


@pytest.fixture(scope="module")
def scorer(demo):
    return Scorer(demo, example.SPEC)


@pytest.mark.parametrize("head", [Head(0, 0), Head(1, 2), Head(2, 1)])
def test_tokens_have_the_heads_largest_weights_in_percent(scorer, head):
    weights, tokens = head_attention(scorer.start, head).weights, scorer.prepared.prompt.texts
    assert len(tokens) < MOST
    for at, (to, by, text) in enumerate(read(weights, tokens)):
        assert text == tokens[at].replace(" ", "␣")
        for pairs, row in ((to, weights[at, : at + 1]), (by, weights[:, at])):
            assert {i for i, _ in pairs} == {i for i, w in enumerate(row) if w >= LEAST}
            assert all(abs(percent - 100 * row[i]) <= 0.5 for i, percent in pairs)
            there = [row[i] for i, _ in pairs]
            assert there == sorted(there, reverse=True)
        assert max(i for i, _ in to) <= at
        assert all(i >= at for i, _ in by)  # nothing before it attends to it


def test_a_token_attends_to_positions_up_to_its_own_only():
    weights = np.full((4, 4), 0.25)  # weights in the future too, which no model has
    assert [[i for i, _ in to] for to, _, _ in read(weights, "abcd")] == [
        [0],
        [0, 1],
        [0, 1, 2],
        [0, 1, 2, 3],
    ]


def test_only_the_largest_of_many_weights_are_kept():
    n = MOST + 16
    weights = np.zeros((n, n))
    weights[:, 0] = 0.02 + np.arange(n) / 1000
    weights[-1, 1:] = weights[1:, 0]
    last, first = read(weights, ["x"] * n)[-1][0], read(weights, ["x"] * n)[0][1]
    assert [i for i, _ in last] == [0, *range(n - 1, n - MOST, -1)]
    assert [i for i, _ in first] == list(range(n - 1, n - 1 - MOST, -1))


def test_weights_under_a_percent_are_not_shown():
    weights = np.array([[1.0, 0.0], [0.0099, 0.9901]])
    assert read(weights, "ab")[1][0] == [(1, 99)]
    assert read(weights, "ab")[0][1] == [(0, 100)]
    assert read(np.array([[0.0]]), "a")[0][:2] == ([], [])


def test_typed_html_is_escaped():
    odd = ['<img src=x onerror="alert(1)">', "</span><script>", "'&"]
    made = reading_html(np.eye(3), odd, 0)
    assert "<img" not in made
    assert "<script" not in made
    assert 'onerror="' not in made
    assert [text for *_, text in read(np.eye(3), odd)] == [t.replace(" ", "␣") for t in odd]


def test_the_answers_token_is_held_and_what_it_attends_to_is_said_and_coloured():
    weights = np.array([[1.0, 0.0, 0.0], [0.3, 0.7, 0.0], [0.004, 0.2, 0.796]])
    made = reading_html(weights, ["a", " b", " c"], 2)
    said = "2 “␣c” attends to 2 “␣c” 80 %, 1 “␣b” 20 %. Attending to it: 2 “␣c” 80 %."
    assert f'aria-live="polite">{said}<' in made
    classes = re.findall(r'class="(hs-tok[^"]*)"', made)
    assert classes == ["hs-tok", "hs-tok", "hs-tok read held"]
    assert re.findall(r'style="(.*?)"', made) == [
        "--to:0%;--from:0%",
        "--to:20%;--from:0%",
        "--to:80%;--from:80%",
    ]

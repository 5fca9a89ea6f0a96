"""Prompts to start from: what is offered, and what is said of a model by its own runs."""

import random

import pytest

from core.checkpoints.registry import model_key
from core.demo import example
from core.demo.grammar import sentence_text
from core.demo.ioi import ioi_text
from core.demo.starter_words import (
    BEYOND,
    known_words,
    standing_words,
    unknown_note,
    unknown_words,
)
from core.demo.starters import STARTERS, CheckStarters, Grade, Standing
from core.progress import run_to_end
from core.spec.spec import SweepSpec
from core.sweep.sweep import run_sweep


def test_there_are_ten_graded_from_easy_to_hard_of_several_tasks():
    assert len(STARTERS) == 10
    assert sorted(each.number for each in STARTERS) == [*range(10)]
    order = [*Grade]
    places = [order.index(each.grade) for each in STARTERS]
    assert places == sorted(places)
    assert set(places) == {0, 1, 2}
    assert len({each.task for each in STARTERS}) == 10
    assert sum(each.foil is not None for each in STARTERS) == 8


@pytest.mark.parametrize("number", range(3))
def test_the_examples_keep_their_numbers(number):
    (starter,) = (each for each in STARTERS if each.number == number)
    title, spec = example.TRY[number]
    assert starter.title == title
    assert (starter.prompt, starter.target, starter.foil) == (spec.prompt, spec.target, spec.foil)


@pytest.mark.slow
def test_a_model_s_standing_is_that_of_its_own_sweeps(demo):
    found = run_to_end(CheckStarters(model_key("demo")).work(demo))
    assert len(found) == 10
    for starter, standing in zip(STARTERS, found, strict=True):
        assert not standing.refused
        if starter.number in (1, 8):
            spec = SweepSpec("demo", starter.prompt, starter.target, foil=starter.foil)
            base = run_sweep(demo, spec).baseline
            assert standing.prob == pytest.approx(base.prob, abs=1e-6)
            assert standing.rank == base.rank
    easy = [s for each, s in zip(STARTERS, found, strict=True) if each.grade is Grade.EASY]
    assert all(each.rank == 1 and each.prob > 0.5 for each in easy)
    assert found[8].rank > BEYOND  # agreement: "cabinet" is no word that it knows


def test_what_is_beyond_a_model_is_said():
    assert standing_words(Standing(0.845, 1)) == "P(target) 84.5 %, rank 1"
    assert standing_words(Standing(0.07, 3)).endswith("rank 3: not its first choice")
    assert standing_words(Standing(0.001, 1_812)).endswith("rank 1,812: beyond this model")
    assert standing_words(Standing(refused="Why.")) == "not on this model: Why."


def test_every_word_of_the_training_sentences_is_known():
    rng = random.Random(0)
    assert not {
        word for _ in range(500) for word in unknown_words(sentence_text(rng) + " " + ioi_text(rng))
    }


def test_words_that_the_embedded_model_was_not_trained_on_are_named_once_in_order():
    said = "The zephyr of Dr. Caligari’s fox, 1920: zephyr, Fox and “it’s”."
    assert unknown_words(said) == ("zephyr", "Dr", "Caligari")
    assert "“zephyr”, “Dr”, “Caligari”:" in unknown_note(said)
    many = " ".join(f"{letter}qx" for letter in "bcdfghj")
    assert "and 2 more" in unknown_note(many)
    assert unknown_note("The quick brown fox, 17!") == ""
    assert "1,900 words" in known_words()

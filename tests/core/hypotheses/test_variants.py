"""Variants keep the task: as many tokens, the same pattern, the answer changed with the words."""

import re
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core import SweepSpec
from core.demo.example import SPEC, TRY
from core.errors import InputError
from core.hypotheses import variants as varying
from core.hypotheses.variants import (
    MAX_CHARACTERS,
    MOST,
    ONLY_MADE,
    own_variants,
    parse_variants,
    variants,
)
from core.prompts.repeats import find_repeat
from core.sweep.prepare import prepare

IOI = TRY[1][1]
LIST = TRY[2][1]


def pattern(ids):
    """Each id's first place: equal for prompts that differ by an exchange of words only."""
    return [ids.index(i) for i in ids]


@pytest.mark.parametrize("spec", [SPEC, LIST, replace(LIST, foil=" tree")])
def test_a_repetition_in_other_words(demo, spec):
    original = prepare(demo, spec)
    found = variants(demo, spec)
    assert len(found) == len({each.prompt for each in found}) == 5
    for each in found:
        new = prepare(demo, each)
        assert len(new.prompt) == len(original.prompt)
        old, repeat = find_repeat(original.prompt), find_repeat(new.prompt)
        assert repeat == old
        followed = new.prompt.ids[repeat.first_stop]
        assert new.target.sequence == (followed,)  # what followed the first copy
        if spec.foil is not None:
            place = original.prompt.ids.index(original.foil.sequence[0])
            assert new.foil.sequence == (new.prompt.ids[place],)
        words = [t for t in original.prompt.texts[1:] if t.strip(" .")]
        assert not set(words) & set(new.prompt.texts)
        assert [t == "." for t in new.prompt.texts] == [t == "." for t in original.prompt.texts]
        assert replace(
            each, prompt=spec.prompt, target=spec.target, foil=spec.foil
        ) == spec.resolved(prepend_bos=True)


def test_the_first_and_second_copy_begin_with_one_word(demo):
    """The pangram's copies begin with "The" and " The", a variant's with the same token."""
    (each,) = variants(demo, SPEC, count=1)
    ids = prepare(demo, each).prompt.ids
    assert pattern(ids[1:10]) == list(range(9))
    assert ids[1:5] == ids[11:15]


def test_resample_has_its_corrupted_prompt_changed_alike(demo):
    corrupted = " dog house tree water bread dog house tree water"
    spec = replace(LIST, ablation="resample", corrupted_prompt=corrupted)
    original = prepare(demo, spec)
    both = (*original.prompt.ids, *original.corrupted.ids)
    for each in variants(demo, spec):
        new = prepare(demo, each)
        assert pattern((*new.prompt.ids, *new.corrupted.ids)) == pattern(both)


def test_other_names_wherever_they_stand(demo):
    found = variants(demo, IOI, count=8)
    assert len(set(found)) == 8
    for each in found:
        receiver, giver = each.target.strip(), each.foil.strip()
        assert each.prompt == (
            f"When {giver} and {receiver} went to the shops, {giver} gave the bag to"
        )
        assert not {receiver, giver} & {"John", "Mary"}
        assert receiver != giver
        assert len(prepare(demo, each).prompt) == len(prepare(demo, IOI).prompt)


def test_names_in_an_answer_set_and_a_corrupted_prompt(demo):
    corrupted = "When John and Mary went to the shops, Mary gave the bag to"
    spec = replace(
        IOI,
        target=(" Mary", " Tom"),
        foil=None,
        ablation="resample",
        corrupted_prompt=corrupted,
    )
    for each in variants(demo, spec, count=3):
        giver, receiver = each.prompt.split()[1], each.prompt.split()[3]
        assert each.target == (f" {receiver}", " Tom")
        assert each.corrupted_prompt == (
            f"When {giver} and {receiver} went to the shops, {receiver} gave the bag to"
        )


@pytest.mark.parametrize(
    ("prompt", "target"),
    [
        ("The Eiffel Tower is located in the city of", " Paris"),  # two capitals, not the answer
        ("John and Mary went to the shops and bought a", " bag"),
        ("The quick brown fox jumps over the lazy dog. The quick brown fox", " dog"),
        ("once upon a", " time"),
    ],
)
def test_no_variant_where_the_task_would_not_be_kept(demo, prompt, target):
    assert variants(demo, SweepSpec("demo", prompt, target)) == ()


def test_the_seed_decides(demo):
    for spec in (SPEC, IOI):
        assert variants(demo, spec) == variants(demo, spec)
        assert variants(demo, spec) != variants(demo, spec, seed=1)
        assert variants(demo, spec, count=2) == variants(demo, spec)[:2]
        for count in (0, 51):
            with pytest.raises(InputError, match="1 to 50"):
                variants(demo, spec, count=count)


def test_a_vocabulary_with_few_words_is_drawn_from_all_its_text(loaded, spec_of):
    """The tiny tokenizer holds the pangram's words and single characters."""
    model = loaded("gpt2")
    spec = spec_of(model, "zero")
    found = variants(model, spec)
    assert len(found) == 5
    for each in found:
        new, original = prepare(model, each), prepare(model, spec)
        assert len(new.prompt) == len(original.prompt)
        assert new.target.sequence == (new.prompt.ids[5],)


def test_a_vocabulary_with_too_few_has_none(demo, monkeypatch):
    def too_few(tokenizer, needed):
        raise InputError("model", "too few")

    monkeypatch.setattr(varying, "text_pool", too_few)
    assert variants(demo, SPEC) == ()


# Variants of one's own

MEAN = replace(SPEC, ablation="mean", foil=" runs")
TEXT = st.characters(codec="utf-8", exclude_characters="\r\n\ufeff")
PROMPTS = st.text(TEXT, min_size=1, max_size=60).map(str.rstrip).filter(str.strip)
TARGETS = (
    st.text(TEXT, min_size=1, max_size=20)
    .map(str.rstrip)
    .filter(lambda text: text.strip(" ") and "=>" not in text and text.strip(" ")[0] != "␣")
)


def refused(text, spec=MEAN):
    with pytest.raises(InputError) as caught:
        parse_variants(text, spec)
    assert caught.value.field == "variants"
    return str(caught.value)


@pytest.mark.slow
@given(st.lists(st.tuples(PROMPTS, TARGETS), max_size=8), st.sampled_from(["\n", "\r\n", "\r"]))
def test_what_is_written_as_prompt_and_target_is_read_back(pairs, end):
    """A target's own spaces stand as they are, or the leading ones visibly after any spaces."""
    expected = tuple(replace(MEAN, prompt=p, target=t, foil=None) for p, t in pairs)

    def shown(target):
        word = target.lstrip(" ")
        return "␣" * (len(target) - len(word)) + word

    as_typed = end.join(f"{p} =>{t}{end}  " for p, t in pairs)
    assert parse_variants(as_typed, MEAN) == expected
    visible = end.join(f"{p}\t=>{' ' if t[0] == ' ' else ''}{shown(t)} " for p, t in pairs)
    assert parse_variants(visible, MEAN) == expected


@given(st.text(max_size=80) | st.text("=> ␣a\n", max_size=40))
@example("\ufeff")
@example("\ufeffa => b")
def test_any_text_is_read_or_refused_by_its_line(text):
    try:
        found = parse_variants(text, MEAN)
    except InputError as error:
        said = error
    else:
        lines = re.split("[\r\n]", text.removeprefix("\ufeff"))
        assert len(found) == sum(bool(line.strip()) for line in lines)
        assert {replace(each, prompt="x", target="y") for each in found} <= {
            replace(MEAN, prompt="x", target="y", foil=None)
        }
        return
    assert said.field == "variants"
    assert str(said).startswith("Line ")
    assert str(said).endswith(".")
    str(said).encode()  # no half character is repeated


@pytest.mark.parametrize(
    ("line", "prompt", "target"),
    [
        ("A cat sat. A cat => sat", "A cat sat. A cat", " sat"),
        ("A cat sat. A cat => ␣sat", "A cat sat. A cat", " sat"),
        ("A cat sat. A cat =>␣␣sat ", "A cat sat. A cat", "  sat"),
        ("A cat sat. A cat =>sat", "A cat sat. A cat", "sat"),
        (" a => b => c", " a => b", " c"),
        ("a => ␣jumps ␣over", "a", " jumps ␣over"),
        ("\ufeffa =>b", "a", "b"),
    ],
)
def test_the_last_arrow_divides_and_a_visible_space_is_a_space(line, prompt, target):
    (found,) = parse_variants(f"\n  \n{line}\n" if line[0] != "\ufeff" else line, MEAN)
    assert (found.prompt, found.target, found.foil) == (prompt, target, None)
    assert found.ablation is MEAN.ablation


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a => b\n\nno arrow", "Line 3, 'no arrow': write the prompt, then => and its target."),
        ("=> b", "Line 1, '=> b': The prompt is empty"),
        ("   => b", "Line 1, '=> b': The prompt is empty"),
        ("a =>", "Line 1, 'a =>': The target is empty"),
        ("a => b\na => ␣", "Line 2, 'a => ␣': The target is blank"),
        (f"a => {'b' * 2000}", "Line 1, 'a => bbb"),
        (f"{SPEC.prompt} => jumps", "Line 1, 'The quick brown"),
        ("a => b\n" * (MOST + 1), "51 variants are given; at most 50 are taken"),
        ("\n" * MAX_CHARACTERS + "a", "The variants have 20,001 characters; at most 20,000"),
    ],
)
def test_a_bad_line_is_named_by_its_number_and_content(text, said):
    assert said in refused(text)
    assert len(refused(text)) < 200


def test_fifty_are_taken_and_none_is_no_mistake():
    assert len(parse_variants("a => b\n\n" * MOST, MEAN)) == MOST
    for spec in (MEAN, replace(SPEC, ablation="resample", corrupted_prompt="a")):
        assert parse_variants(" \n\t\n", spec) == ()


def test_under_resample_only_made_ones_are_measured():
    spec = replace(SPEC, ablation="resample", corrupted_prompt="other words")
    assert refused("a => b", spec) == ONLY_MADE


def test_what_the_model_cannot_read_is_named_by_its_line_too(demo):
    typed = "A cat sat. A cat => sat\n\nA dog ran. A dog => ran"
    assert own_variants(demo, typed, MEAN) == parse_variants(typed, MEAN)
    for text, said in (
        (typed, "Line 1, 'A cat sat. A cat => sat': Position 12 is past the end"),
        ("a => b\n" + "word " * 1000 + "=> c", "Line 2, 'word word"),
    ):
        spec = replace(MEAN, positions=(12,)) if text == typed else MEAN
        with pytest.raises(InputError) as caught:
            own_variants(demo, text, spec)
        assert caught.value.field == "variants"
        assert str(caught.value).startswith(said)

"""Variants keep the task: as many tokens, the same pattern, the answer changed with the words."""

from dataclasses import replace

import pytest

from core import SweepSpec
from core.errors import InputError
from core.example import SPEC, TRY
from core.hypotheses import variants as varying
from core.hypotheses.variants import variants
from core.prepared import prepare
from core.prompts.repeats import find_repeat

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

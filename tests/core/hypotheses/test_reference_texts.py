"""Reference sets made from a prompt: as long as it, different from it, the same for a seed."""

import pytest

from core.demo import example
from core.errors import InputError
from core.hypotheses.reference_texts import COUNT, reference_texts
from core.prompts.names import two_names
from core.prompts.reference import misfits
from core.prompts.repeats import find_repeat
from core.prompts.tokens import tokenize_prompt
from core.spec.reference_set import parse

IOI = example.TRY[1][1].prompt
OTHER = "Some deserts are cold enough for snow"


def made(demo, prompt, bos=True, **options):
    found = reference_texts(demo.tokenizer, prompt, prepend_bos=bos, **options)
    length = len(tokenize_prompt(demo.tokenizer, prompt, prepend_bos=bos))
    assert misfits(demo.tokenizer, found.texts, length, prepend_bos=bos) == ()
    assert len(set(found.texts)) == len(found.texts)
    assert prompt not in found.texts
    assert parse("\n".join(found.texts)) == found.texts  # as a box of lines holds them
    return found


@pytest.mark.parametrize("bos", [True, False])
@pytest.mark.parametrize("prompt", [IOI, example.SPEC.prompt, OTHER, " fox"])
def test_every_text_fits_and_a_seed_is_always_the_same(demo, prompt, bos):
    first = made(demo, prompt, bos)
    assert len(first.texts) == COUNT
    assert made(demo, prompt, bos) == first
    assert made(demo, prompt, bos, seed=1).texts != first.texts
    assert len(made(demo, prompt, bos, count=5).texts) == 5


def test_no_name_is_said_twice_so_the_sentence_has_no_answer(demo):
    found = made(demo, IOI)
    assert found.how == "Every name is another one"
    names = two_names(IOI)
    for text in found.texts:
        changed = [b for a, b in zip(IOI.split(), text.split(), strict=True) if a != b]
        assert len(changed) == len(set(changed)) == 3
        assert not set(names) & {word.strip(",.") for word in text.split()}


def test_of_a_repeat_only_the_first_copy_has_other_words(demo):
    prompt = example.SPEC.prompt
    found = made(demo, prompt)
    assert found.how == "The words of the first copy are others"
    clean = tokenize_prompt(demo.tokenizer, prompt, prepend_bos=True)
    repeat = find_repeat(clean)
    for text in found.texts:
        ids = tokenize_prompt(demo.tokenizer, text, prepend_bos=True).ids
        differ = [i for i, (a, b) in enumerate(zip(clean.ids, ids, strict=True)) if a != b]
        # "The" begins the text without a space, as no random word does: it stays.
        assert differ == list(range(repeat.first_start + 1, repeat.first_stop))
        assert not {ids[i] for i in differ} & set(clean.ids)


def test_any_other_prompt_gives_random_words(demo):
    assert made(demo, OTHER).how == "Every token is a random one"


def test_where_nothing_can_be_made_it_is_said(demo, monkeypatch):
    monkeypatch.setattr("core.hypotheses.reference_texts.LEAST", COUNT + 1)
    with pytest.raises(InputError, match="Paste some of your own") as caught:
        reference_texts(demo.tokenizer, OTHER, prepend_bos=True)
    assert caught.value.field == "reference"

"""A reference set as a tokenizer reads it: which texts have another length than the prompt."""

import pytest
from support import checkpoints

from core.errors import InputError
from core.prompts.reference import Misfit, check_same_length, misfits, reference_ids

TOKENIZER = checkpoints.tokenizer()
TEXTS = ("The quick fox", "The dog", "over the lazy", "The quick brown fox")


def test_ids_are_those_of_the_prompts_bos_first_if_asked_for():
    plain = [TOKENIZER(text, add_special_tokens=False)["input_ids"] for text in TEXTS]
    assert reference_ids(TOKENIZER, TEXTS, False) == tuple(map(tuple, plain))
    assert reference_ids(TOKENIZER, TEXTS, True) == tuple((0, *ids) for ids in plain)


@pytest.mark.parametrize("bos", [True, False])
def test_misfits_are_numbered_from_1_and_count_bos_where_the_prompt_does(bos):
    found = misfits(TOKENIZER, TEXTS, 3 + bos, prepend_bos=bos)
    lengths = [len(ids) for ids in reference_ids(TOKENIZER, TEXTS, bos)]
    assert found == tuple(Misfit(i, n) for i, n in enumerate(lengths, 1) if n != 3 + bos)
    assert Misfit(2, 2 + bos) in found
    assert Misfit(1, 3 + bos) not in found


def test_a_set_that_does_not_fit_is_refused_with_both_counts_and_the_number():
    check_same_length(TOKENIZER, TEXTS[:1], 4, prepend_bos=True)
    with pytest.raises(InputError) as caught:
        check_same_length(TOKENIZER, TEXTS, 4, prepend_bos=True)
    assert caught.value.field == "reference"
    assert str(caught.value).startswith(f"Reference prompt 2 (“{TEXTS[1]}”) has 3 tokens")
    assert "has 3 tokens, the prompt 4 (BOS counted): " in str(caught.value)
    assert "more of the 4 do not fit either." in str(caught.value)
    with pytest.raises(InputError) as caught:
        check_same_length(TOKENIZER, TEXTS[:2], 3, prepend_bos=False)
    assert "has 2 tokens, the prompt 3: " in str(caught.value)
    assert "either" not in str(caught.value)

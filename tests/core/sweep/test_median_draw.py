"""The median of several draws of random words, held to a run of each draw by itself."""

import pytest
from support.tokenizer_kinds import KINDS

from core.demo.lexicon import everyday_words
from core.errors import InputError
from core.prompts.controls import repeated_random
from core.prompts.random_text import whole_word_ids
from core.prompts.tokens import token_text
from core.results.copied_words import copied_words
from core.spec.spec import SweepSpec
from core.sweep.median_draw import median_draw
from core.sweep.scorer import Scorer, baseline_of

WORDS = everyday_words()


@pytest.mark.slow
@pytest.mark.parametrize("n_draws", [1, 4, 5])
def test_it_is_the_draw_in_the_middle_by_p_of_the_target(demo, n_draws):
    probs = []
    for seed in range(n_draws):
        prompt, target, _ = repeated_random(
            demo.tokenizer, demo.n_ctx, 6, seed, WORDS, prepend_bos=True
        )
        spec = SweepSpec("demo", prompt, target, prepend_bos=True)
        probs.append(baseline_of(demo, Scorer(demo, spec).baseline).prob)
    found = median_draw(demo, 6, WORDS, prepend_bos=True, n_draws=n_draws)
    assert found.prob == pytest.approx(probs[found.seed], rel=1e-4)
    assert sum(prob < probs[found.seed] for prob in probs) == (n_draws - 1) // 2


def test_a_length_that_does_not_fit_is_refused(demo):
    with pytest.raises(InputError, match="choose from 3"):
        median_draw(demo, 2, WORDS, prepend_bos=True)


@pytest.mark.parametrize("name", KINDS)
def test_random_words_are_whole_words_where_the_vocabulary_has_enough_of_them(name):
    tokenizer = KINDS[name]()
    known = whole_word_ids(tokenizer, WORDS)
    assert {token_text(tokenizer, i) for i in known} <= {f" {word}" for word in WORDS}
    prompt, target, _ = repeated_random(tokenizer, 64, 5, 0, WORDS, prepend_bos=False)
    drawn = {*prompt.split(), target.strip()}
    assert (drawn <= WORDS) is (len(known) >= 5)


def test_the_embedded_model_s_vocabulary_has_every_one_of_them(demo):
    assert len(whole_word_ids(demo.tokenizer, WORDS)) == len(WORDS) > 1_000


@pytest.mark.parametrize(
    ("prob", "rank", "without", "said"),
    [
        (0.8, 1, 0.001, "it was copied from the first copy"),
        (0.1, 2, 0.001, "does not say it first"),
        (0.0004, 312, 0.0003, "the model does not copy here"),
        (0.5, 1, 0.4, "the model does not copy here"),  # likely anyway: no copying is seen
    ],
)
def test_the_sentence_depends_on_what_came_out(prob, rank, without, said):
    found = copied_words(prob, rank, without)
    assert said in found
    assert f"rank {rank}" in found

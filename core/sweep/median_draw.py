"""Random words said twice, on which a model is neither at its best nor at its worst.

Whether a model copies differs from draw to draw. A first draw taken as it came may show either by
chance, and one chosen by hand shows what its chooser likes: of several draws the median is taken.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import torch

from core.model.loaded import LoadedModel
from core.prompts.controls import repeated_random
from core.prompts.tokens import check_embedded, encode, tokenize_prompt
from core.sweep.scores import log_probs

N_DRAWS = 5


@dataclass(frozen=True)
class Draw:
    """One draw of random words said twice: the prompt without its last word, which is the target.

    `seed` is that of the draw, from 0; `prob` the target's probability with nothing ablated.
    """

    prompt: str
    target: str
    foil: str
    seed: int
    prob: float


def median_draw(
    model: LoadedModel,
    length: int,
    words: Collection[str] = (),
    *,
    prepend_bos: bool,
    n_draws: int = N_DRAWS,
) -> Draw:
    """The draw, of the first `n_draws` seeds, whose P(target) is the median; one pass for all.

    `length` and `words` are those of `repeated_random`, which says what is refused. Of an even
    number of draws it is the lower of the two in the middle.
    """
    made = [
        repeated_random(model.tokenizer, model.n_ctx, length, seed, words, prepend_bos=prepend_bos)
        for seed in range(n_draws)
    ]
    probs = _probs(model, [(prompt, target) for prompt, target, _ in made], prepend_bos=prepend_bos)
    draws = [Draw(*each, seed, probs[seed]) for seed, each in enumerate(made)]
    return sorted(draws, key=lambda draw: draw.prob)[(n_draws - 1) // 2]


def _probs(
    model: LoadedModel, pairs: Sequence[tuple[str, str]], *, prepend_bos: bool
) -> list[float]:
    """P(target) after each prompt, all of which have as many tokens; a target is one token."""
    rows = [tokenize_prompt(model.tokenizer, p, prepend_bos=prepend_bos).ids for p, _ in pairs]
    targets = [encode(model.tokenizer, target, "target")[0] for _, target in pairs]
    for ids, target in zip(rows, targets, strict=True):
        check_embedded((*ids, target), model.d_vocab, "prompt")
    tokens = torch.tensor(rows, device=model.device)
    found = log_probs(model.logits(tokens, (tokens.shape[1] - 1,)))[:, 0]
    return [float(row[target].exp()) for row, target in zip(found, targets, strict=True)]

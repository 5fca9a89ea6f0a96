"""The rows of one training step, and the loss at their target tokens."""

import random
from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor
from transformers import GPTNeoXForCausalLM

from core.demo.corpus import Corpus, Row
from core.demo.recipe import Recipe, Stage


def stacked(rows: Sequence[Row]) -> tuple[Int[Tensor, "row pos"], Int[Tensor, " target"]]:
    """Rows of equal length as a batch, and the flat indices of the target tokens."""
    ids = torch.from_numpy(np.stack([row.ids for row in rows]))
    is_target = torch.from_numpy(np.stack([row.is_target for row in rows]))
    is_target[:, 0] = False  # no token comes before it
    return ids, is_target.flatten().nonzero().flatten()


def batch(
    corpus: Corpus, now: Stage, recipe: Recipe, rng: random.Random
) -> tuple[Int[Tensor, "row pos"], Int[Tensor, " target"]]:
    """Random rows of the stage's mixture, and the flat indices of their targets in random order.

    At most `targets_per_step` targets are kept: the logits take half of a step's time, and
    neighbouring targets teach the same.
    """
    count = recipe.tokens_per_step // now.length
    kinds = rng.choices(list(now.mixture), weights=list(now.mixture.values()), k=count)
    rows = [row for kind in kinds for row in corpus.rows(kind, 1, now.length, now.n_words)]
    ids, targets = stacked(rows)
    return ids, targets[torch.randperm(len(targets))[: recipe.targets_per_step]]


def next_token_loss(
    model: GPTNeoXForCausalLM,
    ids: Int[Tensor, "row pos"],
    targets: Int[Tensor, " target"],
    among: Int[Tensor, " word"] | None = None,
    smoothing: float = 0.0,
) -> Float[Tensor, ""]:
    """The mean cross entropy at the targets, in nats.

    It is over the whole vocabulary, or over the ids `among`, which must be ascending. Logits are
    computed for the targets only, in chunks that fit the processor's cache.
    """
    hidden = model.gpt_neox(ids, use_cache=False).last_hidden_state.flatten(0, 1)[targets - 1]
    unembed = model.get_output_embeddings().weight
    wanted = ids.flatten()[targets]
    if among is not None:
        unembed, wanted = unembed[among], torch.searchsorted(among, wanted)
    losses = [
        torch.nn.functional.cross_entropy(
            h @ unembed.T, w, reduction="sum", label_smoothing=smoothing
        )
        for h, w in zip(hidden.split(512), wanted.split(512), strict=True)
    ]
    return torch.stack(losses).sum() / len(targets)

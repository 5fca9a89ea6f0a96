"""Measure the role scores: where every head attends on repeated random tokens.

A sequence is BOS, then L random tokens, then the same L tokens again. A score is the mean attention
weight over the queries of the second copy only. Prefix matching: Olsson et al. 2022,
arXiv:2209.11895.
"""

from collections.abc import Generator, Iterable
from dataclasses import replace
from threading import Lock
from typing import assert_never
from weakref import WeakKeyDictionary

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from core.circuits.head_scores import HeadScores
from core.circuits.ov import measure_copying_scores
from core.engine.edits import Edits
from core.engine.interventions import Intervention
from core.errors import InputError, ModelError, UnavailableError
from core.model.attention import pattern
from core.model.forward import LayerState, forward
from core.model.loaded import LoadedModel, PatternReader
from core.progress import within
from core.prompts.random_tokens import SEED, RepeatedTokens, repeated_random_tokens
from core.prompts.reference import readable
from core.spec.ablation import AblationKind, listed
from core.spec.heads import Head, check_head
from core.spec.reference_set import DEFAULT
from core.sweep.replacements import Replacement, from_reference

STEP_FLOPS = 4e10
"""Work of the sequences of one batch: a third of a second on two cores."""
PATTERN_BYTES = 2**27
"""Size of one layer's attention patterns in one batch; the softmax needs several copies."""


def head_scores_by_sequence(
    pattern: Float[Tensor, "sequence head pos pos"], copy_length: int, has_bos: bool = True
) -> Float[Tensor, "role sequence head"]:
    """The mean attention weight of each role, over the queries of each sequence's second copy.

    With BOS at position 0 the queries are q = L+1 .. 2L; without BOS, q = L .. 2L-1. `pattern[...,
    q, k]` is the attention weight from query q to key k. Roles are in the order of `ROLES`.
    """
    first_query = copy_length + int(has_bos)
    expected = first_query + copy_length
    if pattern.shape[-1] != expected:
        raise ValueError(
            f"the pattern has {pattern.shape[-1]} positions, two copies of {copy_length} tokens "
            f"{'after' if has_bos else 'without'} BOS have {expected}"
        )
    query = torch.arange(first_query, expected, device=pattern.device)
    keys = (
        query - copy_length + 1,  # induction: the position after the token's first occurrence
        query - copy_length,  # duplicate token
        query - 1,  # previous token
        query,  # current token
        torch.zeros_like(query),  # first token
    )
    return torch.stack([pattern[:, :, query, key].mean(-1) for key in keys])


def head_scores(
    patterns: Iterable[Float[Tensor, "sequence head pos pos"]],
    copy_length: int,
    has_bos: bool = True,
    seed: int = SEED,
) -> HeadScores:
    """Role scores of every head, from one attention pattern a layer, layer 0 first.

    `patterns` may be a generator, so that only one layer's pattern is in memory.
    """
    layers = [
        head_scores_by_sequence(pattern, copy_length, has_bos).cpu().double()
        for pattern in patterns
    ]
    if not layers:
        raise ValueError(
            "no attention patterns: a model without attention layers has no role scores"
        )
    return _over_sequences(torch.stack(layers, dim=1), copy_length, has_bos, seed)


def _over_sequences(
    scores: Float[Tensor, "role layer sequence head"], copy_length: int, has_bos: bool, seed: int
) -> HeadScores:
    n_sequences = scores.shape[2]
    spread = (
        scores.std(dim=2, correction=1)
        if n_sequences > 1
        else torch.full_like(scores[:, :, 0], torch.nan)
    )
    return HeadScores(
        mean=scores.mean(dim=2).numpy(),
        standard_error=(spread / n_sequences**0.5).numpy(),
        copy_length=copy_length,
        n_sequences=n_sequences,
        seed=seed,
        has_bos=has_bos,
    )


_cache: WeakKeyDictionary[LoadedModel, HeadScores] = WeakKeyDictionary()
_guard = Lock()


def cached_head_scores(model: LoadedModel) -> HeadScores | None:
    """The cached result of `measure_head_scores`, None before it has run. Computes nothing."""
    with _guard:
        return _cache.get(model)


def measure_head_scores(model: LoadedModel) -> Generator[float, None, HeadScores]:
    """Every head's scores on 20 repeated random sequences; yields the share done.

    Sequences begin with BOS if the tokenizer has one. The copying scores are included if the
    model's weights can be read. The result is cached: it is measured once a model. Raises
    `UnavailableError`.
    """
    scores = cached_head_scores(model)
    if scores is None:
        yield 0.0
        scores = yield from within(_measured(model, sequences_for(model), ()), 0.0, 0.7)
        scores = replace(scores, copying=(yield from within(_copying(model), 0.7, 1.0)))
        with _guard:
            _cache[model] = scores
        yield 1.0
    return scores


def measure_scores_without(
    model: LoadedModel,
    head: Head,
    kind: AblationKind,
    reference: tuple[str, ...] | None = None,
) -> Generator[float, None, HeadScores]:
    """The scores on the same sequences while one head is ablated, at all positions.

    `reference` is the reference set of mean ablation (None: the default one). The copying scores
    come from the weights alone, so they are those of the model without ablation. Yields the share
    done. Raises `InputError` for a kind whose replacements belong to one prompt (resample and
    mean-positional).
    """
    check_head(head, (model.n_layers, model.n_heads), model.name)
    if kind.traits.not_on_other_texts:
        others = listed((each for each in AblationKind if not each.traits.not_on_other_texts), "or")
        raise InputError("ablation", f"{kind.traits.not_on_other_texts}: choose {others}.")
    clean = yield from within(measure_head_scores(model), 0.0, 0.4)
    sequences = sequences_for(model)
    replacing = _replacement(model, kind, sequences, reference)
    replacement = yield from within(replacing, 0.4, 0.6)
    work = _measured(model, sequences, (replacement.edit(head),))
    scores = yield from within(work, 0.6, 1.0)
    return replace(scores, copying=clean.copying)


def _replacement(
    model: LoadedModel,
    kind: AblationKind,
    sequences: RepeatedTokens,
    reference: tuple[str, ...] | None,
) -> Generator[float, None, Replacement]:
    match kind:
        case AblationKind.ZERO | AblationKind.MEAN_ACROSS_HEADS as computed:
            return Replacement(computed, None)
        case AblationKind.MEAN:
            n_pos, bos = sequences.ids.shape[1], sequences.has_bos
            texts = reference
            if texts in (None, DEFAULT):
                texts = readable(model.tokenizer, DEFAULT, model.d_vocab, bos)
            return (yield from from_reference(model, texts, None, n_pos, prepend_bos=bos))
        case AblationKind.MEAN_POSITIONAL | AblationKind.RESAMPLE as refused:
            raise AssertionError(f"{refused.label} belongs to one prompt: refused before")
        case never:
            assert_never(never)


def sequences_for(model: LoadedModel) -> RepeatedTokens:
    """The sequences on which a model's role scores are measured: the same on every call."""
    return repeated_random_tokens(model.tokenizer, model.n_ctx, d_vocab=model.d_vocab)


def _copying(
    model: LoadedModel,
) -> Generator[float, None, Float[np.ndarray, "layer head"] | None]:
    try:
        return (yield from measure_copying_scores(model))
    except ModelError:  # a wiring or a norm that is not known
        return None


def _measured(
    model: LoadedModel, sequences: RepeatedTokens, intervention: Intervention
) -> Generator[float, None, HeadScores]:
    batches: list[Tensor] = []
    length, has_bos = sequences.copy_length, sequences.has_bos
    n_sequences, n_pos = sequences.ids.shape
    done = 0
    for ids in sequences.ids.split(_batch_size(model, n_pos)):
        batches.append(_scores(model, ids.to(model.device), intervention, length, has_bos))
        done += len(ids)
        yield done / n_sequences
    return _over_sequences(torch.cat(batches, dim=2), length, has_bos, sequences.seed)


def _batch_size(model: LoadedModel, n_pos: int) -> int:
    """Sequences a batch: few if each of them needs much time or memory."""
    by_time = STEP_FLOPS // (2 * model.n_block_params * n_pos)
    by_memory = PATTERN_BYTES // (4 * model.n_heads * n_pos**2)
    return max(1, int(min(by_time, by_memory)))


@torch.inference_mode()
def _scores(
    model: LoadedModel,
    tokens: Int[Tensor, "sequence pos"],
    intervention: Intervention,
    copy_length: int,
    has_bos: bool,
) -> Float[Tensor, "role layer sequence head"]:
    """The scores of one batch of sequences; only one layer's patterns are in memory at a time."""
    edits = Edits([intervention] * len(tokens), model.value_shift, tokens.shape[1])
    layers: dict[int, Tensor] = {}

    def see(layer: int, weights: Tensor) -> None:
        scores = head_scores_by_sequence(weights.float(), copy_length, has_bos)
        layers[layer] = scores.cpu().double()

    if model.stack is None:
        model.read_patterns(tokens, see, edits.apply)
    else:
        _see_wired(model, tokens, see, edits)
    if len(layers) < model.n_layers:
        raise UnavailableError(f"The attention patterns of {model.name!r} could not be read.")
    return torch.stack([layers[layer] for layer in range(model.n_layers)], dim=1)


def _see_wired(
    model: LoadedModel,
    tokens: Int[Tensor, "sequence pos"],
    see: PatternReader,
    edits: Edits,
) -> None:
    """`LoadedModel.read_patterns` for a model whose wiring is known: it runs no unembedding."""
    stack = model.stack
    assert stack is not None
    positions = torch.arange(tokens.shape[1], device=tokens.device)
    blocks = iter(enumerate(stack.blocks))

    def at_z(moment: LayerState) -> Tensor:
        layer, block = next(blocks)
        q, _, _ = block.qkv(moment.resid_pre, stack.rotary(tokens.shape[1], moment.resid_pre))
        see(layer, pattern(q, moment.keys, positions, block.scoring))
        return edits.apply(layer, moment.z)

    forward(stack, tokens, at_z)

"""Attention knock-out: some heads can no longer attend from one query to some keys.

The score of each of these edges is set to -inf before the softmax, so that the weights of the other
keys grow to sum to 1 again (Geva et al. 2023, arXiv:2304.14767). To set a weight to 0 after the
softmax is another thing: the head then also writes less.
"""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from core.circuits.attention import head_scoring
from core.circuits.by_position import checked_heads
from core.circuits.residual_stream import known_stack
from core.engine import CleanStart
from core.errors import InputError
from core.model.attention import attend, pattern
from core.model.stack import Block, finish_block
from core.prompts.tokens import TokenizedAnswer
from core.results.result import Baseline, Effect
from core.spec.heads import Head
from core.sweep.scorer import Scorer, baseline_of, effect
from core.text.jsonable import jsonable


@dataclass(frozen=True)
class KnockOut:
    """What the answer loses where `heads` cannot attend from `query` to `keys`.

    `weights` are what each head gave these keys together in the clean run, a fraction of its
    attention from the query. `metric` is the sweep's leading metric.
    """

    heads: tuple[Head, ...]
    query: int
    keys: tuple[int, ...]
    weights: tuple[float, ...]
    metric: str
    baseline: Baseline
    effect: Effect

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types: fractions of attention and of probability, nats."""
        return {
            "heads": [head.label for head in self.heads],
            "query": self.query,
            "keys": list(self.keys),
            "clean_attention": list(self.weights),
            "leading_metric": self.metric,
            "baseline": jsonable(self.baseline),
            "effect": self.effect.to_dict(),
        }


def measure_knock_out(
    scorer: Scorer, heads: Sequence[Head], query: int, keys: Sequence[int]
) -> Generator[float, None, KnockOut]:
    """Knock out the edges from `query` to `keys` in all `heads` together; yields the share done.

    Later heads attend in the pass so changed. A foil of several tokens, which has a pass of its
    own, is measured with the same edges knocked out. Raises `InputError` for a head, query or key
    that is not there, and where a head would be left no key; `UnavailableError` for a model whose
    wiring is not known.
    """
    model = scorer.model
    known_stack(model)
    chosen = tuple(sorted(checked_heads(model, heads)))
    hidden = tuple(sorted(set(keys)))
    _check(scorer, chosen, query, hidden)
    weights = _clean_weights(scorer.start, chosen, query, hidden)
    logits: dict[TokenizedAnswer, Tensor] = {}
    for answer in scorer.answers:
        passes = _pass(scorer.start_of(answer), chosen, query, hidden)
        while answer not in logits:
            try:
                yield (len(logits) + next(passes)) / len(scorer.answers)
            except StopIteration as finished:
                logits[answer] = finished.value
    scores = scorer.scores_of(logits)
    return KnockOut(
        heads=chosen,
        query=query,
        keys=hidden,
        weights=weights,
        metric=scorer.metric,
        baseline=baseline_of(model, scorer.baseline),
        effect=effect(model, scores, 0, scorer.baseline),
    )


def _check(scorer: Scorer, heads: Sequence[Head], query: int, keys: Sequence[int]) -> None:
    n_pos = len(scorer.start.tokens)
    if not 0 <= query < n_pos:
        raise InputError(
            "query", f"There is no position {query}: the pass has 0 to {n_pos - 1}. Choose one."
        )
    if not keys:
        raise InputError("keys", "No key is named: name at least one.")
    for key in (keys[0], keys[-1]):
        if not 0 <= key <= query:
            raise InputError(
                "keys",
                f"Position {query} sees 0 to {query}, not {key}: choose keys among those.",
            )
    blocks = known_stack(scorer.model).blocks
    for head in heads:
        window = blocks[head.layer].scoring.window
        first = 0 if window is None else max(0, query - window + 1)
        if set(range(first, query + 1)) <= set(keys):
            raise InputError(
                "keys",
                f"In {head.label} position {query} sees {first} to {query}, and every one of these "
                "is to be knocked out: leave it at least one key.",
            )


@torch.inference_mode()
def _clean_weights(
    start: CleanStart, heads: Sequence[Head], query: int, keys: Sequence[int]
) -> tuple[float, ...]:
    clean, blocks = start.clean, known_stack(start.model).blocks
    assert clean is not None
    found = []
    for head in heads:
        block, k = blocks[head.layer], clean.keys[head.layer]
        q, _, _ = block.qkv(clean.resid_pre[head.layer], clean.rotary)
        row = _row(block, q, k[None], head, query, None)
        found.append(float(row[list(keys)].sum()))
    return tuple(found)


def _row(
    block: Block,
    q: Float[Tensor, "1 head pos d_head"],
    k: Float[Tensor, "1 kv_head pos d_head"],
    head: Head,
    query: int,
    keys: Sequence[int] | None,
) -> Float[Tensor, " key"]:
    """One head's attention from a query, with `keys` hidden from it."""
    at = torch.tensor([query], device=q.device)
    hidden = None
    if keys is not None:
        hidden = torch.zeros(1, k.shape[2], dtype=torch.bool, device=q.device)
        hidden[0, list(keys)] = True
    own = k[:, head.head // (q.shape[1] // k.shape[1])]
    scoring = head_scoring(block, head.head)
    return pattern(q[:, head.head, at][:, None], own[:, None], at, scoring, hidden)[0, 0, 0]


def _pass(
    start: CleanStart, heads: Sequence[Head], query: int, keys: Sequence[int]
) -> Generator[float, None, Float[Tensor, "1 read vocab"]]:
    """The logits where these heads are without these edges; yields the share done."""
    stack, clean = known_stack(start.model), start.clean
    assert clean is not None
    here = query < len(start.tokens)  # else it is a position of the other, longer answer
    first, n_layers = heads[0].layer, len(stack.blocks)
    resid = clean.resid_pre[first]
    for layer in range(first, n_layers):
        own = [head for head in heads if head.layer == layer and here]
        resid = _layer(stack.blocks[layer], resid, clean.rotary, own, query, keys)
        yield (layer + 1 - first) / (n_layers - first)
    with torch.inference_mode():
        return stack.unembed(resid[:, list(start.read)])


@torch.inference_mode()
def _layer(
    block: Block,
    resid: Float[Tensor, "1 pos d_model"],
    rotary: tuple[Tensor, ...],
    heads: Sequence[Head],
    query: int,
    keys: Sequence[int],
) -> Float[Tensor, "1 pos d_model"]:
    q, k, v = block.qkv(resid, rotary)
    z = attend(q, k, v, torch.arange(resid.shape[1], device=resid.device), block.scoring).clone()
    for head in heads:
        row = _row(block, q, k, head, query, keys)
        values = v[0, head.head // (q.shape[1] // v.shape[1])]
        z[0, query, head.head] = row.to(values.dtype) @ values
    return finish_block(block, resid, z)

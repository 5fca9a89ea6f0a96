"""Causal attention for batch rows, which may share the keys and values of earlier positions."""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn import functional

from core.model.stack import Scoring

Shared = tuple[Float[Tensor, "kv_head before d_head"], Float[Tensor, "kv_head before d_head"]]
"""Keys and values of earlier positions, the same for every row."""


def attend(
    q: Float[Tensor, "row head query d_head"],
    k: Float[Tensor, "row kv_head key d_head"],
    v: Float[Tensor, "row kv_head key d_head"],
    queries: Int[Tensor, " query"],
    scoring: Scoring,
    shared: Shared | None = None,
) -> Float[Tensor, "row query head d_head"]:
    """Z of every head: causal attention to the shared positions and to the positions of the row.

    `queries` are the positions of q in the whole sequence. The shared keys and values are those of
    the first positions, from 0 on; `k` and `v` are those of all positions after them.
    """
    n_shared = 0 if shared is None else shared[0].shape[1]
    n_keys = n_shared + k.shape[2]
    if shared is None and scoring.softcap is None:
        whole = q.shape[2] == n_keys
        mask = None if whole and scoring.plain(n_keys) else bias(scoring, queries, n_keys, q.dtype)
        z = functional.scaled_dot_product_attention(
            q,
            k,
            v,
            attn_mask=None
            if mask is None
            else mask[None],  # with three axes torch uses a slow kernel
            is_causal=mask is None,
            scale=scoring.scale,
            enable_gqa=q.shape[1] != k.shape[1],
        )
    else:
        z = _written_out(q, k, v, bias(scoring, queries, n_keys, q.dtype), scoring, shared)
    return z.transpose(1, 2)


def bias(
    scoring: Scoring, queries: Int[Tensor, " query"], n_keys: int, dtype: torch.dtype
) -> Float[Tensor, "#head query key"]:
    """The bias added to attention scores: -inf for masked keys, else ALiBi's term or 0."""
    keys = torch.arange(n_keys, device=queries.device)
    behind = queries[:, None] - keys
    hidden = behind < 0
    if scoring.window is not None:
        hidden = hidden | (behind >= scoring.window)
    added = torch.zeros(1, len(queries), n_keys, dtype=dtype, device=queries.device)
    if scoring.slopes is not None:
        added = added + (scoring.slopes[:, None, None] * keys).to(dtype)
    return added.masked_fill(hidden, -torch.inf)


def _written_out(
    q: Float[Tensor, "row head query d_head"],
    k: Float[Tensor, "row kv_head key d_head"],
    v: Float[Tensor, "row kv_head key d_head"],
    added: Float[Tensor, "#head query all_keys"],
    scoring: Scoring,
    shared: Shared | None,
) -> Float[Tensor, "row head query d_head"]:
    """Attention in separate steps: scores, softmax, weighted sum.

    Needed for soft-capped scores, and for shared keys and values, which are multiplied once for all
    rows instead of being copied into every row.
    """
    rows, n_heads, n_query, d_head = q.shape
    n_kv = k.shape[1]
    grouped = q.reshape(rows, n_kv, -1, d_head)
    scores = grouped @ k.transpose(-1, -2)
    if shared is not None:
        scores = torch.cat([_by_head(grouped, shared[0].transpose(-1, -2)), scores], dim=-1)
    weights = _softmax(scores.view(rows, n_heads, n_query, -1), added, scoring)
    weights = weights.to(v.dtype).view(rows, n_kv, grouped.shape[2], -1)
    if shared is None:
        z = weights @ v
    else:
        n_shared = shared[0].shape[1]
        z = weights[..., n_shared:] @ v + _by_head(weights[..., :n_shared], shared[1])
    return z.view(rows, n_heads, n_query, d_head)


def pattern(
    q: Float[Tensor, "row head query d_head"],
    k: Float[Tensor, "row kv_head key d_head"],
    queries: Int[Tensor, " query"],
    scoring: Scoring,
    hidden: Bool[Tensor, "query key"] | None = None,
) -> Float[Tensor, "row head query key"]:
    """The attention pattern in float32; the weights of each query sum to 1.

    `queries` are the positions of q in the whole sequence; `k` has the keys of all its positions.
    Keys that are `hidden` from a query are masked before the softmax, as later ones are; each query
    must be left one.
    """
    rows, n_heads, n_query, _ = q.shape
    grouped = q.reshape(rows, k.shape[1], -1, q.shape[-1])
    scores = (grouped @ k.transpose(-1, -2)).view(rows, n_heads, n_query, -1)
    added = bias(scoring, queries, k.shape[2], q.dtype)
    if hidden is not None:
        added = added.masked_fill(hidden, -torch.inf)
    return _softmax(scores, added, scoring)


def _softmax(
    scores: Float[Tensor, "row head query key"],
    added: Float[Tensor, "#head query key"],
    scoring: Scoring,
) -> Float[Tensor, "row head query key"]:
    scores = scores.float() * scoring.scale
    if scoring.softcap is not None:
        scores = torch.tanh(scores / scoring.softcap) * scoring.softcap
    return (scores + added).softmax(dim=-1)


def _by_head(
    left: Float[Tensor, "row kv_head many inner"], right: Float[Tensor, "kv_head inner out"]
) -> Float[Tensor, "row kv_head many out"]:
    """One matrix product per key-value head, for all rows together."""
    rows, n_kv, many, inner = left.shape
    flat = left.transpose(0, 1).reshape(n_kv, rows * many, inner)
    return (flat @ right).view(n_kv, rows, many, -1).transpose(0, 1)

"""The building blocks of the families' wirings: norms, projections, MLPs, rotary positions."""

import copy
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from core.model.products import Layer, product, product_in_float32, weight_of
from core.model.stack import Ending, Lens, Rotary

TILE = 1024
"""Tokens per MLP batch on a CPU: it limits the memory of the MLP's wide hidden layer."""


def heads(x: Tensor, d_head: int) -> Tensor:
    """(row, pos, head * d_head) -> (row, head, pos, d_head)."""
    n_rows, n_pos, _ = x.shape
    return x.view(n_rows, n_pos, -1, d_head).transpose(1, 2)


def qkv(norm: Layer, q_proj: Any, k_proj: Any, v_proj: Any, d_head: int) -> Any:
    """`qkv` of a block: a norm, then one projection each for q, k and v."""
    q_proj, k_proj, v_proj = product(q_proj), product(k_proj), product(v_proj)

    def project(resid: Tensor, rotary: Rotary) -> tuple[Tensor, Tensor, Tensor]:
        x = norm(resid)
        return heads(q_proj(x), d_head), heads(k_proj(x), d_head), heads(v_proj(x), d_head)

    return project


def rotary_qkv(model: Any, norm: Layer, attn: Any) -> Any:
    """`qkv`, followed by the family's rotary embedding of q and k."""
    plain = qkv(norm, attn.q_proj, attn.k_proj, attn.v_proj, attn.head_dim)
    rotate = own_rotation(model)

    def project(resid: Tensor, rotary: Rotary) -> tuple[Tensor, Tensor, Tensor]:
        q, k, v = plain(resid, ())
        return (*rotate(q, k, *rotary), v)

    return project


def mlp(norm: Layer, up: Any, act: Any, down: Any) -> Layer:
    """`mlp` of a block: norm, up projection, activation, down projection."""
    middle, last = product(up, act), product(down)
    return partial(_tiled, lambda x: last(middle(norm(x))))


def gated_mlp(norm: Layer, mlp: Any) -> Layer:
    """`mlp` of a block with a gate: down(act(gate(x)) * up(x)), where x is the normed stream."""
    gate, up = product(mlp.gate_proj, mlp.act_fn), product(mlp.up_proj)
    down = product(mlp.down_proj)

    def gated(x: Tensor) -> Tensor:
        normed = norm(x)
        return down(gate(normed) * up(normed))

    return partial(_tiled, gated)


def _tiled(layer: Layer, resid: Tensor) -> Tensor:
    flat = resid.flatten(0, -2)
    if flat.device.type != "cpu" or len(flat) <= TILE:
        return layer(flat).view(resid.shape)
    return torch.cat([layer(tile) for tile in flat.split(TILE)]).view(resid.shape)


def learned_positions(tokens_table: Layer, positions_table: Layer) -> Layer:
    """The embedding of a token plus that of its position."""

    def embed(tokens: Tensor) -> Tensor:
        positions = torch.arange(tokens.shape[1], device=tokens.device)
        return tokens_table(tokens) + positions_table(positions)

    return embed


def lens(attn: Any, norm: Layer, out: Any, out_norm: Any = None) -> Lens:
    """The lens of an attention module with submodules q_proj, k_proj and v_proj."""
    projections = (attn.q_proj, attn.k_proj, attn.v_proj)
    q, k, v = (partial(_by_head, projection, attn.head_dim) for projection in projections)
    return Lens(norm, q, k, v, out, out_norm)


def fused_lens(norm: Layer, project: Any, d_head: int, out: Any) -> Lens:
    """The lens of an attention module with one projection: q, k and v side by side in each head."""

    def part(index: int) -> Tensor:
        weight: Tensor = weight_of(project).unflatten(0, (-1, 3, d_head))[:, index]
        return weight

    q, k, v = (partial(part, index) for index in range(3))
    return Lens(norm, q, k, v, out)


def _by_head(project: Any, d_head: int) -> Tensor:
    weight: Tensor = weight_of(project).unflatten(0, (-1, d_head))
    return weight


def ending(norm: Layer, *parts: Any, softcap: float | None = None) -> Ending:
    """The end of a model: the final norm, then the linear layers in order, then a soft cap."""
    layers = [product_in_float32(part) for part in parts]

    def before_cap(x: Tensor) -> Tensor:
        for layer in layers:
            x = layer(x)
        return x

    return Ending(_in_float32(norm), parts, before_cap, softcap)


def _in_float32(norm: Layer) -> Layer:
    """A norm with its few weights in float32: itself where they are."""
    if not isinstance(norm, nn.Module) or norm.weight.dtype is torch.float32:
        return norm
    wide: Layer = copy.deepcopy(norm).float()
    return wide


def rotary(module: Any) -> Callable[[int, Tensor], Rotary]:
    """Rotary cosines and sines, from the family's own module."""

    def rotary(n_pos: int, like: Tensor) -> Rotary:
        cos, sin = module(like, torch.arange(n_pos, device=like.device)[None])
        return cos, sin

    return rotary


def no_rotary(n_pos: int, like: Tensor) -> Rotary:
    """Nothing: for a family without rotary positions."""
    return ()


def own_rotation(model: Any) -> Any:
    """The `apply_rotary_pos_emb` of the model's own module in transformers."""
    return sys.modules[type(model).__module__].apply_rotary_pos_emb


def identity(x: Tensor) -> Tensor:
    """The identity."""
    return x

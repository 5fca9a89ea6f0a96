"""What the families' wirings are put together from: norms, projections, MLPs, rotations."""

import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor

from core.model.products import Layer, product, weight_of
from core.model.stack import Ending, Lens, Rotary

TILE = 1024
"""Tokens that go through an MLP at once on a CPU, so that its wide middle takes little memory."""


def heads(x: Tensor, d_head: int) -> Tensor:
    """(row, pos, head * d_head) -> (row, head, pos, d_head)."""
    n_rows, n_pos, _ = x.shape
    return x.view(n_rows, n_pos, -1, d_head).transpose(1, 2)


def three(norm: Layer, q_proj: Any, k_proj: Any, v_proj: Any, d_head: int) -> Any:
    """Norm, then q, k and v from a projection each."""
    q_proj, k_proj, v_proj = product(q_proj), product(k_proj), product(v_proj)

    def qkv(resid: Tensor, rotary: Rotary) -> tuple[Tensor, Tensor, Tensor]:
        x = norm(resid)
        return heads(q_proj(x), d_head), heads(k_proj(x), d_head), heads(v_proj(x), d_head)

    return qkv


def rotated_three(model: Any, norm: Layer, attn: Any) -> Any:
    """`three`, with the family's own rotation of q and k."""
    plain = three(norm, attn.q_proj, attn.k_proj, attn.v_proj, attn.head_dim)
    rotate = own_rotation(model)

    def qkv(resid: Tensor, rotary: Rotary) -> tuple[Tensor, Tensor, Tensor]:
        q, k, v = plain(resid, ())
        return (*rotate(q, k, *rotary), v)

    return qkv


def mlp(norm: Layer, up: Any, act: Any, down: Any) -> Layer:
    """Norm, up, activation, down."""
    middle, last = product(up, act), product(down)
    return partial(_tiled, lambda x: last(middle(norm(x))))


def gated_mlp(norm: Layer, mlp: Any) -> Layer:
    """Norm, then the activated gate times up, then down."""
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
    """A token's vector plus its position's."""

    def embed(tokens: Tensor) -> Tensor:
        positions = torch.arange(tokens.shape[1], device=tokens.device)
        return tokens_table(tokens) + positions_table(positions)

    return embed


def lens(
    norm: Layer, q_proj: Any, k_proj: Any, v_proj: Any, d_head: int, out: Any, out_norm: Any = None
) -> Lens:
    """The lens of an attention that has q, k and v from a projection each."""
    q, k, v = (partial(_by_head, each, d_head) for each in (q_proj, k_proj, v_proj))
    return Lens(norm, q, k, v, out, out_norm)


def fused_lens(norm: Layer, project: Any, d_head: int, out: Any) -> Lens:
    """The lens of an attention that keeps q, k and v side by side within each head."""

    def part(index: int) -> Tensor:
        found: Tensor = weight_of(project).unflatten(0, (-1, 3, d_head))[:, index]
        return found

    q, k, v = (partial(part, index) for index in range(3))
    return Lens(norm, q, k, v, out)


def _by_head(project: Any, d_head: int) -> Tensor:
    found: Tensor = weight_of(project).unflatten(0, (-1, d_head))
    return found


def ending(norm: Layer, *parts: Any, softcap: float | None = None) -> Ending:
    """The final norm, then linear layers one after the other, then a soft cap."""
    layers = [product(part) for part in parts]

    def after_norm(x: Tensor) -> Tensor:
        for layer in layers:
            x = layer(x)
        return x if softcap is None else torch.tanh(x / softcap) * softcap

    return Ending(norm, parts, after_norm, softcap)


def rotary(module: Any) -> Callable[[int, Tensor], Rotary]:
    """The family's own cosines and sines."""

    def rotary(n_pos: int, like: Tensor) -> Rotary:
        cos, sin = module(like, torch.arange(n_pos, device=like.device)[None])
        return cos, sin

    return rotary


def no_rotary(n_pos: int, like: Tensor) -> Rotary:
    """For a family without rotary positions."""
    return ()


def own_rotation(model: Any) -> Any:
    """The `apply_rotary_pos_emb` of the model's own module in transformers."""
    return sys.modules[type(model).__module__].apply_rotary_pos_emb


def same(x: Tensor) -> Tensor:
    """What goes in."""
    return x

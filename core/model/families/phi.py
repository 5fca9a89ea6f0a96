"""Phi: rotary positions in some dimensions of a head, attention and MLP in parallel."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from torch import Tensor

from core.model import pieces
from core.model.frozen_norms import unscaled
from core.model.products import product
from core.model.stack import Block, Rotary, Scoring, Stack


def phi_stack(model: Any) -> Stack:
    """Phi's wiring."""
    rotate = pieces.own_rotation(model)

    def block(layer: Any) -> Block:
        attn, n_rotary = layer.self_attn, layer.self_attn.rotary_ndims
        three = pieces.qkv(
            layer.input_layernorm, attn.q_proj, attn.k_proj, attn.v_proj, attn.head_dim
        )
        norms = (
            (attn.q_layernorm, attn.k_layernorm)
            if attn.qk_layernorm
            else (pieces.identity, pieces.identity)
        )

        def qkv(resid: Tensor, rotary: Rotary) -> tuple[Tensor, Tensor, Tensor]:
            q, k, v = three(resid, ())
            q, k = norms[0](q), norms[1](k)
            turned = rotate(q[..., :n_rotary], k[..., :n_rotary], *rotary)
            q, k = (
                torch.cat([first, x[..., n_rotary:]], dim=-1)
                for first, x in zip(turned, (q, k), strict=True)
            )
            return q, k, v

        mlp = pieces.mlp(
            layer.input_layernorm, layer.mlp.fc1, layer.mlp.activation_fn, layer.mlp.fc2
        )
        lens = pieces.lens(attn, layer.input_layernorm, attn.dense)
        if attn.qk_layernorm:
            q_norm, k_norm = norms
            lens = replace(
                lens,
                queries=partial(_normed, q_norm, lens.queries),
                keys=partial(_normed, k_norm, lens.keys),
            )
        return Block(qkv, product(attn.dense), mlp, Scoring(attn.scaling), lens, parallel=True)

    body = model.model
    return Stack(
        body.embed_tokens,
        body.embed_tokens,
        pieces.rotary(body.rotary_emb),
        tuple(map(block, body.layers)),
        pieces.ending(body.final_layernorm, model.lm_head),
    )


def _normed(norm: Any, weights: Callable[[], Tensor]) -> Tensor:
    """Weights with a following norm over d_head folded in: its gain and centring, not its scale."""
    return unscaled(norm)(weights().transpose(1, 2)).transpose(1, 2)

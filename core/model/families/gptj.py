"""GPT-J: rotary positions in some dimensions of a head, attention and MLP in parallel."""

from typing import Any

import torch
from torch import Tensor

from core.model import pieces
from core.model.products import product
from core.model.stack import Block, Rotary, Scoring, Stack


def gptj_stack(model: Any) -> Stack:
    """GPT-J's wiring."""
    rotate = pieces.own_rotation(model)
    body = model.transformer
    table = body.h[0].attn.embed_positions

    def rotary(n_pos: int, like: Tensor) -> Rotary:
        sin, cos = table[:n_pos].to(like).chunk(2, dim=-1)
        return sin[None], cos[None]

    def block(layer: Any) -> Block:
        attn, norm, n_rotary = layer.attn, layer.ln_1, model.config.rotary_dim
        q_proj, k_proj, v_proj = map(product, (attn.q_proj, attn.k_proj, attn.v_proj))

        def turned(x: Any, rotary: Rotary) -> Tensor:
            x = x.unflatten(-1, (-1, attn.head_dim))
            first = rotate(x[..., :n_rotary], *rotary)  # n_rotary None: all dimensions
            return torch.cat([first, x[..., first.shape[-1] :]], dim=-1).transpose(1, 2)

        def qkv(resid: Tensor, rotary: Rotary) -> tuple[Tensor, Tensor, Tensor]:
            x = norm(resid)
            v = pieces.heads(v_proj(x), attn.head_dim)
            return turned(q_proj(x), rotary), turned(k_proj(x), rotary), v

        mlp = pieces.mlp(norm, layer.mlp.fc_in, layer.mlp.act, layer.mlp.fc_out)
        scoring = Scoring(attn.head_dim**-0.5)
        lens = pieces.lens(attn, norm, attn.out_proj)
        return Block(qkv, product(attn.out_proj), mlp, scoring, lens, parallel=True)

    blocks = tuple(map(block, body.h))
    return Stack(body.wte, body.wte, rotary, blocks, pieces.ending(body.ln_f, model.lm_head))

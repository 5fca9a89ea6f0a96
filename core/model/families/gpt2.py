"""GPT-2 and GPT-Neo: learned positions, attention and then the MLP."""

from collections.abc import Callable
from functools import partial
from typing import Any

from torch import Tensor

from core.model import pieces
from core.model.products import product, weight_of
from core.model.stack import Block, Lens, Rotary, Scoring, Stack


def gpt2_stack(model: Any) -> Stack | None:
    """GPT-2's wiring; None for one with cross-attention, which is another model."""
    if model.config.add_cross_attention:
        return None

    def block(layer: Any) -> Block:
        attn, d_head = layer.attn, layer.attn.head_dim
        norm, fused = layer.ln_1, attn.c_attn
        project = product(fused)

        def qkv(resid: Tensor, rotary: Rotary) -> tuple[Tensor, Tensor, Tensor]:
            q, k, v = project(norm(resid)).chunk(3, dim=-1)
            return pieces.heads(q, d_head), pieces.heads(k, d_head), pieces.heads(v, d_head)

        mlp = pieces.mlp(layer.ln_2, layer.mlp.c_fc, layer.mlp.act, layer.mlp.c_proj)

        def part(index: int) -> Tensor:
            weight: Tensor = weight_of(fused).chunk(3)[index].unflatten(0, (-1, d_head))
            return weight

        q, k, v = (partial(part, index) for index in range(3))
        lens = Lens(norm, q, k, v, attn.c_proj)
        return Block(qkv, product(attn.c_proj), mlp, Scoring(attn.scaling), lens)

    return _stack(model, block)


def gpt_neo_stack(model: Any) -> Stack:
    """GPT-Neo's wiring: every other layer attends to a window only."""

    def block(layer: Any) -> Block:
        attn = layer.attn.attention
        mlp = pieces.mlp(layer.ln_2, layer.mlp.c_fc, layer.mlp.act, layer.mlp.c_proj)
        window = model.config.window_size if attn.attention_type == "local" else None
        qkv = pieces.qkv(layer.ln_1, attn.q_proj, attn.k_proj, attn.v_proj, attn.head_dim)
        lens = pieces.lens(attn, layer.ln_1, attn.out_proj)
        scoring = Scoring(1.0, window)  # GPT-Neo does not scale its scores
        return Block(qkv, product(attn.out_proj), mlp, scoring, lens)

    return _stack(model, block)


def _stack(model: Any, block: Callable[[Any], Block]) -> Stack:
    body = model.transformer
    return Stack(
        body.wte,
        pieces.learned_positions(body.wte, body.wpe),
        pieces.no_rotary,
        tuple(map(block, body.h)),
        pieces.ending(body.ln_f, model.lm_head),
    )

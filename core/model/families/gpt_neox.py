"""GPT-NeoX, which is Pythia too: rotary positions, attention and MLP in parallel (or not)."""

from typing import Any

from torch import Tensor

from core.model import pieces
from core.model.products import product
from core.model.stack import Block, Rotary, Scoring, Stack


def gpt_neox_stack(model: Any) -> Stack:
    """GPT-NeoX's wiring."""
    rotate = pieces.own_rotation(model)

    def block(layer: Any) -> Block:
        attn, norm, project = (
            layer.attention,
            layer.input_layernorm,
            product(layer.attention.query_key_value),
        )

        def qkv(resid: Tensor, rotary: Rotary) -> tuple[Tensor, Tensor, Tensor]:
            q, k, v = pieces.heads(project(norm(resid)), 3 * attn.head_size).chunk(3, dim=-1)
            return (*rotate(q, k, *rotary), v)

        mlp = pieces.mlp(
            layer.post_attention_layernorm,
            layer.mlp.dense_h_to_4h,
            layer.mlp.act,
            layer.mlp.dense_4h_to_h,
        )
        parallel = layer.use_parallel_residual
        lens = pieces.fused_lens(norm, attn.query_key_value, attn.head_size, attn.dense)
        return Block(qkv, product(attn.dense), mlp, Scoring(attn.scaling), lens, parallel=parallel)

    body = model.gpt_neox
    return Stack(
        body.embed_in,
        body.embed_in,
        pieces.rotary(body.rotary_emb),
        tuple(map(block, body.layers)),
        pieces.ending(body.final_layer_norm, model.lm_head),
    )

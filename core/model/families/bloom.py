"""Bloom: ALiBi, a bias that grows with distance, in place of positions."""

from typing import Any

import torch
from torch import Tensor, nn

from core.model import pieces
from core.model.products import product
from core.model.stack import Block, Rotary, Scoring, Stack


def bloom_stack(model: Any) -> Stack | None:
    """Bloom's wiring; None for settings under which its blocks compute something else."""
    config, body = model.config, model.transformer
    if config.apply_residual_connection_post_layernorm or (
        config.slow_but_exact and config.pretraining_tp > 1
    ):
        return None
    from transformers.models.bloom.modeling_bloom import build_alibi_tensor

    # ALiBi's slopes are the bias at position 1.
    ones = torch.ones(1, 2, device=body.word_embeddings.weight.device)
    slopes = build_alibi_tensor(ones, config.n_head, torch.float32)[:, 0, 1]

    def block(layer: Any) -> Block:
        attn, norm = layer.self_attention, layer.input_layernorm
        project, d_head = product(attn.query_key_value), attn.head_dim

        def qkv(resid: Tensor, rotary: Rotary) -> tuple[Tensor, Tensor, Tensor]:
            q, k, v = pieces.heads(project(norm(resid)), 3 * d_head).chunk(3, dim=-1)
            return q, k, v

        mlp = pieces.mlp(
            layer.post_attention_layernorm,
            layer.mlp.dense_h_to_4h,
            layer.mlp.gelu_impl,
            layer.mlp.dense_4h_to_h,
        )
        lens = pieces.fused_lens(norm, attn.query_key_value, d_head, attn.dense)
        scoring = Scoring(attn.inv_norm_factor, slopes=slopes)
        return Block(qkv, product(attn.dense), mlp, scoring, lens)

    embed = nn.Sequential(body.word_embeddings, body.word_embeddings_layernorm)
    blocks = tuple(map(block, body.h))
    return Stack(embed, embed, pieces.no_rotary, blocks, pieces.ending(body.ln_f, model.lm_head))

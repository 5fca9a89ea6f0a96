"""OPT: learned positions with an offset, norms before the parts or after them."""

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from core.model import pieces
from core.model.products import product
from core.model.stack import Block, Scoring, Stack


def opt_stack(model: Any) -> Stack:
    """OPT's wiring."""
    body = model.model.decoder
    before = model.config.do_layer_norm_before

    words, project_in = body.embed_tokens, body.project_in or pieces.identity
    table, offset = body.embed_positions.weight, body.embed_positions.offset

    def embed(tokens: Tensor) -> Tensor:
        positions = torch.arange(tokens.shape[1], device=tokens.device)
        return project_in(words(tokens)) + functional.embedding(positions + offset, table)

    def block(layer: Any) -> Block:
        attn, norms = layer.self_attn, (layer.self_attn_layer_norm, layer.final_layer_norm)
        first, second = norms if before else (pieces.identity, pieces.identity)
        return Block(
            pieces.qkv(first, attn.q_proj, attn.k_proj, attn.v_proj, attn.head_dim),
            product(attn.out_proj),
            pieces.mlp(second, layer.fc1, layer.activation_fn, layer.fc2),
            Scoring(attn.scaling),
            pieces.lens(attn, first, attn.out_proj),
            after_attention=None if before else norms[0],
            after_mlp=None if before else norms[1],
        )

    outwards = () if body.project_out is None else (body.project_out,)
    ending = pieces.ending(body.final_layer_norm or pieces.identity, *outwards, model.lm_head)
    blocks = tuple(map(block, body.layers))
    return Stack(lambda ids: project_in(words(ids)), embed, pieces.no_rotary, blocks, ending)

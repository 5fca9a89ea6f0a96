"""Llama, Mistral, Qwen2 and Gemma 2: rotary positions, RMSNorms, MLPs with a gate."""

from collections.abc import Callable
from typing import Any

from core.model import pieces
from core.model.products import product
from core.model.stack import Block, Ending, Scoring, Stack


def llama_stack(model: Any) -> Stack:
    """Llama, and the families that differ only in biases and windows: Mistral, Qwen2."""
    window = model.config.sliding_window if model.config.model_type == "mistral" else None

    def block(layer: Any) -> Block:
        attn, norm = layer.self_attn, layer.input_layernorm
        return Block(
            pieces.rotary_qkv(model, norm, attn),
            product(attn.o_proj),
            pieces.gated_mlp(layer.post_attention_layernorm, layer.mlp),
            Scoring(attn.scaling, getattr(attn, "sliding_window", None) or window),
            pieces.lens(attn, norm, attn.o_proj),
        )

    return _stack(model, block, pieces.ending(model.model.norm, model.lm_head))


def gemma2_stack(model: Any) -> Stack | None:
    """Gemma 2's wiring; None for one whose attention sees later positions."""
    config = model.config
    if getattr(config, "use_bidirectional_attention", False):
        return None

    def block(layer: Any) -> Block:
        attn, after = layer.self_attn, layer.post_attention_layernorm
        norm = layer.input_layernorm
        o_proj, after_mlp = product(attn.o_proj), layer.post_feedforward_layernorm
        mlp = pieces.gated_mlp(layer.pre_feedforward_layernorm, layer.mlp)
        return Block(
            pieces.rotary_qkv(model, norm, attn),
            lambda z: after(o_proj(z)),
            lambda resid: after_mlp(mlp(resid)),
            Scoring(attn.scaling, attn.sliding_window, attn.attn_logit_softcapping),
            pieces.lens(attn, norm, attn.o_proj, after),
        )

    ending = pieces.ending(model.model.norm, model.lm_head, softcap=config.final_logit_softcapping)
    return _stack(model, block, ending)


def _stack(model: Any, block: Callable[[Any], Block], ending: Ending) -> Stack:
    body = model.model
    blocks = tuple(map(block, body.layers))
    return Stack(
        body.embed_tokens, body.embed_tokens, pieces.rotary(body.rotary_emb), blocks, ending
    )

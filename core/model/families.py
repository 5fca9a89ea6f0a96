"""The wiring of each model family: its submodules as `Block`s.

For a family, or a setting of a family, that is not known here the wiring is None, and sweeps use
the slower path through hooks. A wiring is used only after `core.engine.proof` has compared it with
the hooks on the loaded weights.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from core.model import pieces
from core.model.frozen_norms import unscaled
from core.model.products import product, weight_of
from core.model.stack import Block, Ending, Lens, Rotary, Scoring, Stack


def stack_of(model: Any) -> Stack | None:
    """The model's wiring; None if it is not known.

    `model` is a causal language model of `transformers` whose submodules are not wrapped yet.
    """
    build = _FAMILIES.get(model.config.model_type)
    if build is None or _is_length_dependent(model.config):
        return None
    stack: Stack | None = build(model)
    return stack


def _is_length_dependent(config: Any) -> bool:
    """Whether rotary frequencies depend on the prompt's length (the module then stores them)."""
    rope = getattr(config, "rope_parameters", None) or {}
    return rope.get("rope_type", "default") in {"dynamic", "longrope"}


def _gpt2(model: Any) -> Stack | None:
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

    return _gpt2_stack(model, block)


def _gpt_neo(model: Any) -> Stack:
    def block(layer: Any) -> Block:
        attn = layer.attn.attention
        mlp = pieces.mlp(layer.ln_2, layer.mlp.c_fc, layer.mlp.act, layer.mlp.c_proj)
        window = model.config.window_size if attn.attention_type == "local" else None
        qkv = pieces.qkv(layer.ln_1, attn.q_proj, attn.k_proj, attn.v_proj, attn.head_dim)
        lens = _lens_of(attn, layer.ln_1, attn.out_proj)
        scoring = Scoring(1.0, window)  # GPT-Neo does not scale its scores
        return Block(qkv, product(attn.out_proj), mlp, scoring, lens)

    return _gpt2_stack(model, block)


def _gpt2_stack(model: Any, block: Callable[[Any], Block]) -> Stack:
    body = model.transformer
    return Stack(
        body.wte,
        pieces.learned_positions(body.wte, body.wpe),
        pieces.no_rotary,
        tuple(map(block, body.h)),
        pieces.ending(body.ln_f, model.lm_head),
    )


def _gptj(model: Any) -> Stack:
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
        lens = _lens_of(attn, norm, attn.out_proj)
        return Block(qkv, product(attn.out_proj), mlp, scoring, lens, parallel=True)

    blocks = tuple(map(block, body.h))
    return Stack(body.wte, body.wte, rotary, blocks, pieces.ending(body.ln_f, model.lm_head))


def _gpt_neox(model: Any) -> Stack:
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


def _opt(model: Any) -> Stack:
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
            _lens_of(attn, first, attn.out_proj),
            after_attention=None if before else norms[0],
            after_mlp=None if before else norms[1],
        )

    outwards = () if body.project_out is None else (body.project_out,)
    ending = pieces.ending(body.final_layer_norm or pieces.identity, *outwards, model.lm_head)
    blocks = tuple(map(block, body.layers))
    return Stack(lambda ids: project_in(words(ids)), embed, pieces.no_rotary, blocks, ending)


def _bloom(model: Any) -> Stack | None:
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


def _phi(model: Any) -> Stack:
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
        lens = _lens_of(attn, layer.input_layernorm, attn.dense)
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


def _llama(model: Any) -> Stack:
    """Llama, and the families that differ only in biases and windows: Mistral, Qwen2."""
    window = model.config.sliding_window if model.config.model_type == "mistral" else None

    def block(layer: Any) -> Block:
        attn, norm = layer.self_attn, layer.input_layernorm
        return Block(
            pieces.rotary_qkv(model, norm, attn),
            product(attn.o_proj),
            pieces.gated_mlp(layer.post_attention_layernorm, layer.mlp),
            Scoring(attn.scaling, getattr(attn, "sliding_window", None) or window),
            _lens_of(attn, norm, attn.o_proj),
        )

    return _llama_stack(model, block, pieces.ending(model.model.norm, model.lm_head))


def _gemma2(model: Any) -> Stack | None:
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
            _lens_of(attn, norm, attn.o_proj, after),
        )

    ending = pieces.ending(model.model.norm, model.lm_head, softcap=config.final_logit_softcapping)
    return _llama_stack(model, block, ending)


def _llama_stack(model: Any, block: Callable[[Any], Block], ending: Ending) -> Stack:
    body = model.model
    blocks = tuple(map(block, body.layers))
    return Stack(
        body.embed_tokens, body.embed_tokens, pieces.rotary(body.rotary_emb), blocks, ending
    )


def _lens_of(attn: Any, norm: Any, out: Any, out_norm: Any = None) -> Lens:
    """The lens of an attention module with submodules q_proj, k_proj and v_proj."""
    return pieces.lens(norm, attn.q_proj, attn.k_proj, attn.v_proj, attn.head_dim, out, out_norm)


def _normed(norm: Any, weights: Callable[[], Tensor]) -> Tensor:
    """Weights with a following norm over d_head folded in: its gain and centring, not its scale."""
    return unscaled(norm)(weights().transpose(1, 2)).transpose(1, 2)


_FAMILIES: dict[str, Callable[[Any], Stack | None]] = {
    "gpt2": _gpt2,
    "gpt_neo": _gpt_neo,
    "gptj": _gptj,
    "gpt_neox": _gpt_neox,
    "opt": _opt,
    "bloom": _bloom,
    "phi": _phi,
    "llama": _llama,
    "mistral": _llama,
    "qwen2": _llama,
    "gemma2": _gemma2,
}

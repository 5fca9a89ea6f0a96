"""How each family of models is wired: its submodules as `Block`s.

A family, or a setting of one, that is not known here gives None, and its sweeps take the slower
path through hooks. What is here is believed only after `core.models.proof` has held it to the
hooks on the loaded weights.
"""

import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from core.wiring.products import Layer, product
from core.wiring.stack import Block, Rotary, Scoring, Stack

TILE = 1024
"""Tokens that go through an MLP at once on a CPU, so that its wide middle takes little memory."""


def stack_of(model: Any) -> Stack | None:
    """The model's wiring; None where it is not known.

    `model` is a causal language model of `transformers`, before anything has wrapped its parts.
    """
    build = _FAMILIES.get(model.config.model_type)
    if build is None or _is_length_dependent(model.config):
        return None
    stack: Stack | None = build(model)
    return stack


def _is_length_dependent(config: Any) -> bool:
    """Whether rotary frequencies change with the prompt's length (and are kept in the module)."""
    rope = getattr(config, "rope_parameters", None) or {}
    return rope.get("rope_type", "default") in {"dynamic", "longrope"}


def _gpt2(model: Any) -> Stack | None:
    if model.config.add_cross_attention:
        return None

    def block(layer: Any) -> Block:
        attn, d_head = layer.attn, layer.attn.head_dim
        norm, project = layer.ln_1, product(attn.c_attn)

        def qkv(resid: Tensor, rotary: Rotary) -> tuple[Tensor, Tensor, Tensor]:
            q, k, v = project(norm(resid)).chunk(3, dim=-1)
            return _heads(q, d_head), _heads(k, d_head), _heads(v, d_head)

        mlp = _mlp(layer.ln_2, layer.mlp.c_fc, layer.mlp.act, layer.mlp.c_proj)
        return Block(qkv, product(attn.c_proj), mlp, Scoring(attn.scaling))

    return _gpt2_stack(model, block)


def _gpt_neo(model: Any) -> Stack:
    def block(layer: Any) -> Block:
        attn = layer.attn.attention
        mlp = _mlp(layer.ln_2, layer.mlp.c_fc, layer.mlp.act, layer.mlp.c_proj)
        window = model.config.window_size if attn.attention_type == "local" else None
        qkv = _three(layer.ln_1, attn.q_proj, attn.k_proj, attn.v_proj, attn.head_dim)
        return Block(qkv, product(attn.out_proj), mlp, Scoring(1.0, window))  # unscaled, by design

    return _gpt2_stack(model, block)


def _gpt2_stack(model: Any, block: Callable[[Any], Block]) -> Stack:
    body = model.transformer
    return Stack(
        _learned_positions(body.wte, body.wpe),
        _no_rotary,
        tuple(map(block, body.h)),
        _unembed(body.ln_f, model.lm_head),
    )


def _gptj(model: Any) -> Stack:
    rotate = _own_rotation(model)
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
            first = rotate(x[..., :n_rotary], *rotary)  # None: all of it
            return torch.cat([first, x[..., first.shape[-1] :]], dim=-1).transpose(1, 2)

        def qkv(resid: Tensor, rotary: Rotary) -> tuple[Tensor, Tensor, Tensor]:
            x = norm(resid)
            v = _heads(v_proj(x), attn.head_dim)
            return turned(q_proj(x), rotary), turned(k_proj(x), rotary), v

        mlp = _mlp(norm, layer.mlp.fc_in, layer.mlp.act, layer.mlp.fc_out)
        scoring = Scoring(attn.head_dim**-0.5)
        return Block(qkv, product(attn.out_proj), mlp, scoring, parallel=True)

    return Stack(body.wte, rotary, tuple(map(block, body.h)), _unembed(body.ln_f, model.lm_head))


def _gpt_neox(model: Any) -> Stack:
    rotate = _own_rotation(model)

    def block(layer: Any) -> Block:
        attn, norm, project = (
            layer.attention,
            layer.input_layernorm,
            product(layer.attention.query_key_value),
        )

        def qkv(resid: Tensor, rotary: Rotary) -> tuple[Tensor, Tensor, Tensor]:
            q, k, v = _heads(project(norm(resid)), 3 * attn.head_size).chunk(3, dim=-1)
            return (*rotate(q, k, *rotary), v)

        mlp = _mlp(
            layer.post_attention_layernorm,
            layer.mlp.dense_h_to_4h,
            layer.mlp.act,
            layer.mlp.dense_4h_to_h,
        )
        parallel = layer.use_parallel_residual
        return Block(qkv, product(attn.dense), mlp, Scoring(attn.scaling), parallel=parallel)

    body = model.gpt_neox
    return Stack(
        body.embed_in,
        _rotary(body.rotary_emb),
        tuple(map(block, body.layers)),
        _unembed(body.final_layer_norm, model.lm_head),
    )


def _opt(model: Any) -> Stack:
    body = model.model.decoder
    before = model.config.do_layer_norm_before

    words, project_in = body.embed_tokens, body.project_in or _same
    table, offset = body.embed_positions.weight, body.embed_positions.offset

    def embed(tokens: Tensor) -> Tensor:
        positions = torch.arange(tokens.shape[1], device=tokens.device)
        return project_in(words(tokens)) + functional.embedding(positions + offset, table)

    def block(layer: Any) -> Block:
        attn, norms = layer.self_attn, (layer.self_attn_layer_norm, layer.final_layer_norm)
        first, second = norms if before else (_same, _same)
        return Block(
            _three(first, attn.q_proj, attn.k_proj, attn.v_proj, attn.head_dim),
            product(attn.out_proj),
            _mlp(second, layer.fc1, layer.activation_fn, layer.fc2),
            Scoring(attn.scaling),
            after_attention=None if before else norms[0],
            after_mlp=None if before else norms[1],
        )

    last = [part for part in (body.final_layer_norm, body.project_out) if part is not None]
    unembed = _unembed(nn.Sequential(*last), model.lm_head)
    return Stack(embed, _no_rotary, tuple(map(block, body.layers)), unembed)


def _bloom(model: Any) -> Stack | None:
    config, body = model.config, model.transformer
    if config.apply_residual_connection_post_layernorm or (
        config.slow_but_exact and config.pretraining_tp > 1
    ):
        return None
    from transformers.models.bloom.modeling_bloom import build_alibi_tensor

    # Its slopes, read off the bias of position 1.
    ones = torch.ones(1, 2, device=body.word_embeddings.weight.device)
    slopes = build_alibi_tensor(ones, config.n_head, torch.float32)[:, 0, 1]

    def block(layer: Any) -> Block:
        attn, norm = layer.self_attention, layer.input_layernorm
        project, d_head = product(attn.query_key_value), attn.head_dim

        def qkv(resid: Tensor, rotary: Rotary) -> tuple[Tensor, Tensor, Tensor]:
            q, k, v = _heads(project(norm(resid)), 3 * d_head).chunk(3, dim=-1)
            return q, k, v

        mlp = _mlp(
            layer.post_attention_layernorm,
            layer.mlp.dense_h_to_4h,
            layer.mlp.gelu_impl,
            layer.mlp.dense_4h_to_h,
        )
        return Block(qkv, product(attn.dense), mlp, Scoring(attn.inv_norm_factor, slopes=slopes))

    embed = nn.Sequential(body.word_embeddings, body.word_embeddings_layernorm)
    return Stack(embed, _no_rotary, tuple(map(block, body.h)), _unembed(body.ln_f, model.lm_head))


def _phi(model: Any) -> Stack:
    rotate = _own_rotation(model)

    def block(layer: Any) -> Block:
        attn, n_rotary = layer.self_attn, layer.self_attn.rotary_ndims
        three = _three(layer.input_layernorm, attn.q_proj, attn.k_proj, attn.v_proj, attn.head_dim)
        norms = (attn.q_layernorm, attn.k_layernorm) if attn.qk_layernorm else (_same, _same)

        def qkv(resid: Tensor, rotary: Rotary) -> tuple[Tensor, Tensor, Tensor]:
            q, k, v = three(resid, ())
            q, k = norms[0](q), norms[1](k)
            turned = rotate(q[..., :n_rotary], k[..., :n_rotary], *rotary)
            q, k = (
                torch.cat([first, x[..., n_rotary:]], dim=-1)
                for first, x in zip(turned, (q, k), strict=True)
            )
            return q, k, v

        mlp = _mlp(layer.input_layernorm, layer.mlp.fc1, layer.mlp.activation_fn, layer.mlp.fc2)
        return Block(qkv, product(attn.dense), mlp, Scoring(attn.scaling), parallel=True)

    body = model.model
    return Stack(
        body.embed_tokens,
        _rotary(body.rotary_emb),
        tuple(map(block, body.layers)),
        _unembed(body.final_layernorm, model.lm_head),
    )


def _llama(model: Any) -> Stack:
    """Llama, and those that differ from it in biases and windows only: Mistral, Qwen2."""
    window = model.config.sliding_window if model.config.model_type == "mistral" else None

    def block(layer: Any) -> Block:
        return Block(
            _rotated_three(model, layer.input_layernorm, layer.self_attn),
            product(layer.self_attn.o_proj),
            _gated_mlp(layer.post_attention_layernorm, layer.mlp),
            Scoring(
                layer.self_attn.scaling, getattr(layer.self_attn, "sliding_window", None) or window
            ),
        )

    return _llama_stack(model, block, _unembed(model.model.norm, model.lm_head))


def _gemma2(model: Any) -> Stack | None:
    config = model.config
    if getattr(config, "use_bidirectional_attention", False):
        return None

    def block(layer: Any) -> Block:
        attn, after = layer.self_attn, layer.post_attention_layernorm
        o_proj, after_mlp = product(attn.o_proj), layer.post_feedforward_layernorm
        mlp = _gated_mlp(layer.pre_feedforward_layernorm, layer.mlp)
        return Block(
            _rotated_three(model, layer.input_layernorm, attn),
            lambda z: after(o_proj(z)),
            lambda resid: after_mlp(mlp(resid)),
            Scoring(attn.scaling, attn.sliding_window, attn.attn_logit_softcapping),
        )

    cap, logits = config.final_logit_softcapping, _unembed(model.model.norm, model.lm_head)
    unembed = logits if cap is None else lambda resid: torch.tanh(logits(resid) / cap) * cap
    return _llama_stack(model, block, unembed)


def _llama_stack(model: Any, block: Callable[[Any], Block], unembed: Layer) -> Stack:
    body = model.model
    return Stack(
        body.embed_tokens, _rotary(body.rotary_emb), tuple(map(block, body.layers)), unembed
    )


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


def _heads(x: Tensor, d_head: int) -> Tensor:
    """(row, pos, head * d_head) -> (row, head, pos, d_head)."""
    n_rows, n_pos, _ = x.shape
    return x.view(n_rows, n_pos, -1, d_head).transpose(1, 2)


def _three(norm: Layer, q_proj: Any, k_proj: Any, v_proj: Any, d_head: int) -> Any:
    q_proj, k_proj, v_proj = product(q_proj), product(k_proj), product(v_proj)

    def qkv(resid: Tensor, rotary: Rotary) -> tuple[Tensor, Tensor, Tensor]:
        x = norm(resid)
        return _heads(q_proj(x), d_head), _heads(k_proj(x), d_head), _heads(v_proj(x), d_head)

    return qkv


def _rotated_three(model: Any, norm: Layer, attn: Any) -> Any:
    three = _three(norm, attn.q_proj, attn.k_proj, attn.v_proj, attn.head_dim)
    rotate = _own_rotation(model)

    def qkv(resid: Tensor, rotary: Rotary) -> tuple[Tensor, Tensor, Tensor]:
        q, k, v = three(resid, ())
        return (*rotate(q, k, *rotary), v)

    return qkv


def _mlp(norm: Layer, up: Any, act: Any, down: Any) -> Layer:
    middle, last = product(up, act), product(down)
    return partial(_tiled, lambda x: last(middle(norm(x))))


def _gated_mlp(norm: Layer, mlp: Any) -> Layer:
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


def _learned_positions(tokens_table: Layer, positions_table: Layer) -> Layer:
    def embed(tokens: Tensor) -> Tensor:
        positions = torch.arange(tokens.shape[1], device=tokens.device)
        return tokens_table(tokens) + positions_table(positions)

    return embed


def _unembed(norm: Layer, head: Any) -> Layer:
    logits = product(head)
    return lambda resid: logits(norm(resid))


def _rotary(module: Any) -> Callable[[int, Tensor], Rotary]:
    def rotary(n_pos: int, like: Tensor) -> Rotary:
        cos, sin = module(like, torch.arange(n_pos, device=like.device)[None])
        return cos, sin

    return rotary


def _no_rotary(n_pos: int, like: Tensor) -> Rotary:
    return ()


def _own_rotation(model: Any) -> Any:
    """The `apply_rotary_pos_emb` of the model's own module in transformers."""
    return sys.modules[type(model).__module__].apply_rotary_pos_emb


def _same(x: Tensor) -> Tensor:
    return x

"""Composition scores against whole d_model by d_model products, and worked out by hand."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from support import checkpoints
from torch import nn

from core.circuits.composition import composition
from core.errors import InputError, UnavailableError
from core.model.stack import Lens
from core.spec.heads import Head


def in_full(bridge, first, second):
    """Q, K and V of two heads, every product written out."""

    def weight(name, head):
        found = getattr(bridge, name)[head.layer].detach().double()
        return found[head.head // (bridge.cfg.n_heads // len(found))]

    ov1, ov2 = (weight("W_V", h) @ weight("W_O", h) for h in (first, second))
    qk2 = weight("W_Q", second) @ weight("W_K", second).T
    scores = []
    for reads in (qk2, qk2.T, ov2):
        scores.append(float((ov1 @ reads).norm() / (ov1.norm() * reads.norm())))
    return scores


# TransformerLens folds and centres these; the others it leaves partly raw.
@pytest.mark.parametrize("family", ["gpt2", "neox-serial", "neox-parallel", "llama", "qwen2"])
def test_scores_are_those_of_the_whole_products(loaded, oracle, family):
    model, bridge = loaded(family), oracle(family)
    for second in (Head(1, 3), Head(model.n_layers - 1, 0)):
        found = composition(model, second)
        for layer in range(second.layer):
            for head in range(model.n_heads):
                own = [found.query[layer, head], found.key[layer, head], found.value[layer, head]]
                assert own == pytest.approx(in_full(bridge, Head(layer, head), second), abs=1e-5)


USUAL = "self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"
FUSED = ("attention.query_key_value",)
NAMES = {
    "llama": ("model.layers", "input_layernorm", USUAL, "self_attn.o_proj"),
    "mistral": ("model.layers", "input_layernorm", USUAL, "self_attn.o_proj"),
    "qwen2": ("model.layers", "input_layernorm", USUAL, "self_attn.o_proj"),
    "gemma2": ("model.layers", "input_layernorm", USUAL, "self_attn.o_proj"),
    "phi": ("model.layers", "input_layernorm", USUAL, "self_attn.dense"),
    "opt": ("model.decoder.layers", "self_attn_layer_norm", USUAL, "self_attn.out_proj"),
    "neox-serial": ("gpt_neox.layers", "input_layernorm", FUSED, "attention.dense"),
    "neox-parallel": ("gpt_neox.layers", "input_layernorm", FUSED, "attention.dense"),
    "bloom": (
        "transformer.h",
        "input_layernorm",
        ("self_attention.query_key_value",),
        "self_attention.dense",
    ),
    "gptj": (
        "transformer.h",
        "ln_1",
        ("attn.q_proj", "attn.k_proj", "attn.v_proj"),
        "attn.out_proj",
    ),
    "gpt-neo": (
        "transformer.h",
        "ln_1",
        ("attn.attention.q_proj", "attn.attention.k_proj", "attn.attention.v_proj"),
        "attn.attention.out_proj",
    ),
}
"""What the checkpoints call their layers, the norm before attention, q, k, v and the projection."""
RMS = {"llama", "mistral", "qwen2", "gemma2"}


def from_the_file(folder, family, head):
    """W_Q, W_K and W_V as they read the stream and W_O as it writes there, in double: no model."""
    body, norm, projections, out = NAMES[family]
    tensors = load_file(folder / "model.safetensors")

    def weight(name):
        return tensors[f"{body}.{head.layer}.{name}.weight"].double()

    whole = [weight(name) for name in projections]
    if len(whole) == 1:  # q, k and v of head 0, then those of head 1
        whole = list(whole[0].view(checkpoints.HEADS, 3, -1, checkpoints.WIDTH).unbind(1))
    d_head = checkpoints.WIDTH // checkpoints.HEADS
    gain = weight(norm) + (family == "gemma2")
    centring = torch.eye(checkpoints.WIDTH).double()
    if family not in RMS:
        centring -= 1 / checkpoints.WIDTH
    reads = []
    for each in whole:
        each = each.reshape(-1, d_head, checkpoints.WIDTH)
        own = each[head.head * len(each) // checkpoints.HEADS]
        reads.append(centring @ torch.diag(gain) @ own.T)
    write = weight(out)[:, head.head * d_head : (head.head + 1) * d_head].T
    if family == "gemma2":
        write = write @ torch.diag(1 + weight("post_attention_layernorm"))
    return (*reads, write @ centring)


@pytest.mark.parametrize("family", NAMES)
def test_scores_are_those_of_the_tensors_in_the_checkpoint(loaded, checkpoint, family):
    """Also where TransformerLens folds nothing: every product written out, norms as matrices."""
    model, folder = loaded(family), checkpoint(family)
    for second in (Head(1, 2), Head(model.n_layers - 1, 1)):
        q, k, v, o = from_the_file(folder, family, second)
        qk, ov = q @ k.T, v @ o
        found = composition(model, second)
        for first in (Head(0, 1), Head(second.layer - 1, 3)):
            *_, v, o = from_the_file(folder, family, first)
            for score, reads in ((found.query, qk), (found.key, qk.T), (found.value, ov)):
                expected = (v @ o @ reads).norm() / ((v @ o).norm() * reads.norm())
                assert score[first] == pytest.approx(float(expected), abs=1e-5)
                assert 0 < score[first] < 1
        for score in (found.query, found.key, found.value):
            assert np.isfinite(score[: second.layer]).all()
            assert np.isnan(score[second.layer :]).all()


D_MODEL, D_HEAD = 6, 2


def by_hand(writes, reads_q, reads_k, reads_v):
    """A model of two layers with a head each and no norms: head 0 moves dimensions 0 and 1 to the
    dimensions `writes`, head 1's q, k and v read those given.
    """

    def rows(dimensions):
        return torch.eye(D_MODEL)[list(dimensions)][None]

    def block(q, k, v, o):
        out = nn.Linear(D_HEAD, D_MODEL, bias=False)
        out.weight = nn.Parameter(rows(o)[0].T.clone(), requires_grad=False)
        return SimpleNamespace(lens=Lens(None, lambda: q, lambda: k, lambda: v, out))

    return [
        (rows((0, 1)), rows((0, 1)), rows((0, 1)), writes),
        (rows(reads_q), rows(reads_k), rows(reads_v), (0, 1)),
    ], block


@pytest.mark.parametrize(
    ("q", "k", "v", "expected"),
    [
        ((2, 3), (4, 5), (4, 5), (2**-0.5, 0, 0)),  # aligned in two dimensions: 2 / (2 * 2), rooted
        ((4, 5), (2, 3), (4, 5), (0, 2**-0.5, 0)),
        ((4, 5), (4, 5), (3, 2), (0, 0, 2**-0.5)),
        ((2, 5), (3, 4), (3, 5), (0.5, 0.5, 0.5)),  # one of two dimensions
        ((4, 5), (0, 1), (0, 1), (0, 0, 0)),
    ],
)
def test_heads_that_read_what_is_written_and_heads_that_do_not(loaded, q, k, v, expected):
    layers, block = by_hand((2, 3), q, k, v)
    stack = replace(loaded("gpt2").stack)
    blocks = tuple(
        replace(own, lens=block(*layer).lens)
        for own, layer in zip(stack.blocks[:2], layers, strict=True)
    )
    model = replace(
        loaded("gpt2"),
        stack=replace(stack, blocks=blocks),
        n_layers=2,
        n_heads=1,
        d_model=D_MODEL,
        d_head=D_HEAD,
    )
    found = composition(model, Head(1, 0))
    own = found.query[0, 0], found.key[0, 0], found.value[0, 0]
    assert own == pytest.approx(expected, abs=1e-7)


@pytest.mark.parametrize(("d_model", "d_head"), [(64, 8), (96, 32)])
def test_the_baseline_is_what_random_weights_score(d_model, d_head):
    torch.manual_seed(0)
    scores = []
    for _ in range(200):
        a, b, c, d = torch.randn(4, d_model, d_head)
        first, second = a @ b.T, c @ d.T
        scores.append(float((first @ second).norm() / (first.norm() * second.norm())))
    assert np.mean(scores) == pytest.approx(d_model**-0.5, rel=0.03)


def test_random_checkpoints_score_near_the_baseline(loaded):
    """Nothing composes in them; gains that are not all alike, and a small width, add a little."""
    for family in ("gpt2", "llama", "gptj"):
        found = composition(loaded(family), Head(2, 1))
        assert found.random == pytest.approx(checkpoints.WIDTH**-0.5)
        for scores in (found.query, found.key, found.value):
            assert np.nanmean(scores) == pytest.approx(found.random, rel=0.15)


def test_a_first_layer_head_has_nothing_before_it(loaded):
    plain = composition(loaded("gpt2"), Head(0, 0)).to_dict()
    assert plain["query"] == plain["key"] == plain["value"] == [[None] * 4] * 3
    assert plain["random"] == pytest.approx(0.1768, abs=1e-4)


def test_what_cannot_be_is_said_in_words(loaded):
    with pytest.raises(InputError, match="L0H0 to L2H3"):
        composition(loaded("gpt2"), Head(1, 4))
    with pytest.raises(UnavailableError, match="a norm follows"):
        composition(loaded("opt-post-norm"), Head(1, 0))
    with pytest.raises(UnavailableError, match="wiring"):
        composition(replace(loaded("gpt2"), stack=None), Head(1, 0))

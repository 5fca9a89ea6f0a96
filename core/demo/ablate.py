"""Head ablation on the plain Hugging Face GPT-NeoX: measures the embedded model without
TransformerLens.

The z of all heads is the input of a layer's `attention.dense`. As everywhere in the project, the
results are those of processed weights (LayerNorm and value biases folded). Processing shifts z by
one constant per head, so `zero` writes that constant here.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Literal

import torch
from jaxtyping import Float, Int
from torch import Tensor
from transformers import GPTNeoXForCausalLM

Head = tuple[int, int]
Kind = Literal["mean-across-heads", "zero", "mean"]
KINDS: tuple[Kind, ...] = ("mean-across-heads", "zero", "mean")


def value_constant(model: GPTNeoXForCausalLM, layer: int) -> Float[Tensor, "head d_head"]:
    """The part of a layer's z that comes from biases: b_V plus W_V times the LayerNorm's bias.

    It is constant because the attention weights of a query sum to 1.
    """
    block = model.gpt_neox.layers[layer]
    n_heads = model.config.num_attention_heads
    qkv = block.attention.query_key_value(block.input_layernorm.bias)
    value: Tensor = qkv.view(n_heads, 3, -1)[:, 2]
    return value


def reference_means(
    model: GPTNeoXForCausalLM, prompts: Sequence[Int[Tensor, " _"]]
) -> Float[Tensor, "layer position head d_head"]:
    """The mean of z over a reference set.

    On the axis `position`, index 0 is the first position and index 1 is the mean of all others.
    """
    n_heads = model.config.num_attention_heads
    sums: dict[int, Tensor] = {}
    rest_count = sum(len(prompt) - 1 for prompt in prompts)

    def record(layer: int, z: Tensor) -> None:
        z = z[0].unflatten(-1, (n_heads, -1))
        split = torch.stack([z[0] / len(prompts), z[1:].sum(0) / rest_count])
        sums[layer] = sums.get(layer, torch.zeros_like(split)) + split

    handles = [
        block.attention.dense.register_forward_pre_hook(
            lambda _, args, layer=layer: record(layer, args[0])
        )
        for layer, block in enumerate(model.gpt_neox.layers)
    ]
    try:
        with torch.no_grad():
            for prompt in prompts:
                model(prompt[None], use_cache=False)
    finally:
        for handle in handles:
            handle.remove()
    return torch.stack([sums[layer] for layer in range(len(sums))])


@contextmanager
def heads_ablated(
    model: GPTNeoXForCausalLM,
    heads: Collection[Head],
    kind: Kind,
    means: Float[Tensor, "layer position head d_head"] | None = None,
) -> Iterator[None]:
    """While this context is open, `heads` are ablated at every position.

    Replacements are computed from the running pass. `means` is needed for `mean` ablation.
    """
    by_layer: dict[int, list[int]] = defaultdict(list)
    for layer, head in heads:
        by_layer[layer].append(head)

    def replace(layer: int, z: Tensor) -> Tensor:
        z = z.unflatten(-1, (model.config.num_attention_heads, -1))
        if kind == "zero":
            replacement = value_constant(model, layer).expand_as(z)
        elif kind == "mean-across-heads":
            constant = value_constant(model, layer)
            replacement = constant + (z - constant).mean(-2, keepdim=True)
        else:
            if means is None:
                raise ValueError("mean ablation needs the reference set's means")
            positions = torch.ones(z.shape[1], dtype=torch.long)
            positions[0] = 0
            replacement = means[layer][positions].expand_as(z)
        ablated = z.clone()
        ablated[:, :, by_layer[layer]] = replacement[:, :, by_layer[layer]]
        return ablated.flatten(-2)

    handles = [
        model.gpt_neox.layers[layer].attention.dense.register_forward_pre_hook(
            lambda _, args, layer=layer: (replace(layer, args[0]),)
        )
        for layer in by_layer
    ]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()

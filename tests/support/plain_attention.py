"""Attention layers of plain transformers models, read and overwritten by hooks of one's own.

For oracles that share no code with the engine: `q`, `k`, `v` are a projection's outputs by head,
`z` is what goes into the output projection, by query head.
"""

from contextlib import ExitStack, contextmanager

import torch
from transformers import AutoModelForCausalLM

LAYERS = {
    "gpt2": lambda model: [block.attn for block in model.transformer.h],
    "llama": lambda model: [block.self_attn for block in model.model.layers],
    "neox-parallel": lambda model: [block.attention for block in model.gpt_neox.layers],
    "gemma2": lambda model: [block.self_attn for block in model.model.layers],
    "demo": lambda model: [block.attn for block in model.transformer.h],
}
OUT = {"gpt2": "c_proj", "llama": "o_proj", "neox-parallel": "dense", "gemma2": "o_proj",
       "demo": "c_proj"}  # fmt: skip


class Plain:
    """A model of transformers by itself, in eager attention and float32."""

    def __init__(self, folder, family):
        self.model = AutoModelForCausalLM.from_pretrained(
            str(folder), dtype=torch.float32, attn_implementation="eager"
        ).eval()
        self.family, self.layers = family, LAYERS[family](self.model)
        self.out = [getattr(layer, OUT[family]) for layer in self.layers]
        self.n_heads = self.model.config.num_attention_heads

    def logits(self, tokens, *hooks):
        """The logits (pos, vocab) of a pass under some hooks: context managers."""
        with ExitStack() as stack, torch.inference_mode():
            for hook in hooks:
                stack.enter_context(hook)
            return self.model(input_ids=tokens[None], use_cache=False).logits[0]

    @contextmanager
    def editing_z(self, layer, edit):
        """`edit` gets a copy of a layer's z (pos, head, d_head), and changes it in place."""

        def hook(module, inputs):
            z = inputs[0].clone()
            edit(z.view(z.shape[1], self.n_heads, -1))
            return (z,)

        handle = self.out[layer].register_forward_pre_hook(hook)
        try:
            yield
        finally:
            handle.remove()

    def reading_z(self, layer, into):
        """Keeps a layer's z in the dict `into`."""
        return self.editing_z(layer, lambda z: into.update({layer: z.clone()}))

    @contextmanager
    def editing_inputs(self, layer, edit):
        """`edit` gets copies of q, k and v (pos, head, d_head) before any rotation, by name."""
        attention, handles = self.layers[layer], []

        def split(module, inputs, output):  # one projection for all three
            output = output.clone()
            if self.family == "neox-parallel":  # side by side in each head
                q, k, v = output[0].view(len(output[0]), self.n_heads, 3, -1).unbind(2)
            else:
                q, k, v = (x.view(len(x), self.n_heads, -1) for x in output[0].chunk(3, -1))
            for name, x in (("query", q), ("key", k), ("value", v)):
                edit(name, x)
            return output

        def each(name):
            def hook(module, inputs, output):
                output = output.clone()
                size = self.model.config.head_dim
                edit(name, output[0].view(len(output[0]), -1, size))
                return output

            return hook

        if hasattr(attention, "q_proj"):
            for name in ("query", "key", "value"):
                projection = getattr(attention, f"{name[0]}_proj")
                handles.append(projection.register_forward_hook(each(name)))
        else:
            fused = attention.c_attn if hasattr(attention, "c_attn") else attention.query_key_value
            handles.append(fused.register_forward_hook(split))
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()

    @contextmanager
    def freezing_mlps(self, clean, layers):
        """The MLPs of some layers add what they add in `clean`, a dict by layer."""
        handles = [
            self.mlp(layer).register_forward_hook(lambda *a, layer=layer: clean[layer])
            for layer in layers
        ]
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()

    @contextmanager
    def reading_mlps(self, into):
        """Keeps what every MLP adds in the dict `into`."""
        handles = [
            self.mlp(layer).register_forward_hook(
                lambda module, inputs, output, layer=layer: into.update({layer: output.clone()})
            )
            for layer in range(len(self.layers))
        ]
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()

    def mlp(self, layer):
        base = self.model.base_model
        return (base.h if hasattr(base, "h") else base.layers)[layer].mlp

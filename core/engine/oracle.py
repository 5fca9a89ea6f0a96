"""The oracle: the plain loop with one hook per head, against which the engine is tested.

It runs one full forward pass per head, as the notebook does, on a TransformerBridge whose weights
TransformerLens itself processed; `ablated_rows` puts many such passes into one batch. It is slow
and simple, and shares no code with the engine.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, assert_never

import torch
from jaxtyping import Float, Int
from torch import Tensor

from core.spec.ablation import AblationKind
from core.spec.heads import Head
from core.spec.spec import Weights

Z = Float[Tensor, "layer pos head d_head"]
Positions = tuple[int, ...] | None


def load_oracle(folder: str | Path, weights: Weights = "processed") -> Any:
    """A new TransformerBridge, with weights processed by TransformerLens or raw."""
    from transformer_lens.model_bridge import TransformerBridge

    bridge = TransformerBridge.boot_transformers(str(folder), device="cpu", dtype=torch.float32)
    if weights == "processed":
        bridge.enable_compatibility_mode(disable_warnings=True)
    return bridge


def clean_z(bridge: Any, tokens: Int[Tensor, "1 pos"]) -> Z:
    """Z of every head in one pass; on a corrupted prompt, the values that `resample` uses."""
    outputs: list[Tensor] = []
    hooks = [
        (f"blocks.{layer}.attn.hook_z", lambda z, hook: outputs.append(z[0].clone()))
        for layer in range(len(bridge.blocks))
    ]
    with torch.inference_mode():
        bridge.run_with_hooks(tokens, fwd_hooks=hooks)
    return torch.stack(outputs)


def reference_mean(bridge: Any, prompts: Sequence[Tensor], n_pos: int) -> Z:
    """The values that `mean` uses, for `n_pos` positions.

    They are the mean of z over all `prompts` (each (1, pos)) and all positions but the first; at
    position 0, the mean over the prompts' position 0.
    """
    outputs = [clean_z(bridge, tokens).double() for tokens in prompts]
    first = torch.stack([z[:, 0] for z in outputs]).mean(0)
    others = torch.cat([z[:, 1:] for z in outputs], dim=1).mean(1)
    return torch.stack([first] + [others] * (n_pos - 1), dim=1).float()


def reference_mean_by_position(bridge: Any, prompts: Sequence[Tensor]) -> Z:
    """What `mean-positional` puts in place: at each position, the mean over prompts (1, pos) that
    all have the same length.
    """
    outputs = [clean_z(bridge, tokens).double() for tokens in prompts]
    return torch.stack(outputs).mean(0).float()


def ablated_logits(
    bridge: Any,
    tokens: Int[Tensor, "1 pos"],
    head: Head,
    kind: AblationKind,
    positions: Positions = None,
    values: Z | None = None,
) -> Float[Tensor, "pos vocab"]:
    """Logits of one pass in which `head` is ablated at `positions` (None: everywhere).

    `values` are the replacements of the kinds that are given vectors.
    """

    def overwrite(z: Tensor, hook: Any) -> Tensor:
        return _overwritten(z, head, kind, positions, values)

    hooks = [(f"blocks.{head.layer}.attn.hook_z", overwrite)]
    with torch.inference_mode():
        logits: Tensor = bridge.run_with_hooks(tokens, fwd_hooks=hooks)
    return logits[0]


def ablated_rows(
    bridge: Any,
    tokens: Int[Tensor, "1 pos"],
    cells: Sequence[tuple[Head, Positions]],
    kind: AblationKind,
    values: Z | None = None,
) -> Float[Tensor, "row pos vocab"]:
    """`ablated_logits` of many heads and positions, each a row of one batch with a hook of its own.

    It takes a tenth of the time, and tests hold it to a pass for each.
    """

    def hooked(row: int, head: Head, positions: Positions) -> tuple[str, Any]:
        def overwrite(z: Tensor, hook: Any) -> Tensor:
            z = z.clone()
            z[row] = _overwritten(z[row : row + 1], head, kind, positions, values)[0]
            return z

        return f"blocks.{head.layer}.attn.hook_z", overwrite

    hooks = [hooked(row, *cell) for row, cell in enumerate(cells)]
    with torch.inference_mode():
        logits: Tensor = bridge.run_with_hooks(tokens.repeat(len(cells), 1), fwd_hooks=hooks)
    return logits


def _overwritten(
    z: Tensor, head: Head, kind: AblationKind, positions: Positions, values: Z | None
) -> Tensor:
    """A copy of one layer's z in which the head is ablated."""
    z = z.clone()
    where = list(range(z.shape[1])) if positions is None else list(positions)
    match kind:
        case AblationKind.ZERO:
            z[:, where, head.head] = 0
        case AblationKind.MEAN_ACROSS_HEADS:
            z[:, where, head.head] = z.mean(dim=2)[:, where]
        case AblationKind.MEAN | AblationKind.MEAN_POSITIONAL | AblationKind.RESAMPLE:
            assert values is not None
            z[:, where, head.head] = values[head.layer, where, head.head]
        case never:
            assert_never(never)
    return z

"""How long a sweep is going to take here: its arithmetic over the machine's measured rate."""

import time
from collections.abc import Mapping
from functools import lru_cache

import torch

from core.engine.chunks import row_flops
from core.model.loaded import LoadedModel
from core.prompts.tokens import TokenizedAnswer
from core.spec.heads import all_heads
from core.sweep.prepare import Prepared
from core.sweep.replacements import Replacement

_OVERHEAD = 1.3
"""A sweep's time over that of its products, at least; see benchmarks/."""

_PRODUCTS = 3
_LONG_ENOUGH = 0.05
"""Seconds of products that tell the rate."""


def expected_seconds(
    model: LoadedModel, prepared: Prepared, replacements: Mapping[TokenizedAnswer, Replacement]
) -> float:
    """A rough guess, from the products alone; the first call on a device measures its rate.

    `replacements` has the passes that a sweep makes, and where each is changed.
    """
    flops = sum(
        row_flops(
            model, (replacement.edit(head),), len(prepared.sequence(answer)), len(answer.sequence)
        )
        for answer, replacement in replacements.items()
        for head in all_heads(model.n_layers, model.n_heads)
    )
    return _OVERHEAD * flops / products_per_second(model.device, model.dtype)


@lru_cache(maxsize=8)
def products_per_second(device: str, dtype: str) -> float:
    """Floating-point operations a second of a matrix product, of a usual shape where that is quick.

    bfloat16 can be a hundred times slower than float32 on a CPU: there a few rows tell it as well.
    """
    with torch.inference_mode():
        b = torch.ones(768, 3072, device=device, dtype=getattr(torch, dtype))
        for n_rows in (8, 64, 512):
            a = torch.ones(n_rows, len(b), device=device, dtype=b.dtype)
            float((a @ b)[0, 0])  # warm
            started = time.perf_counter()
            for _ in range(_PRODUCTS):
                c = a @ b
            float(c[0, 0])  # waits for a GPU to finish
            seconds = time.perf_counter() - started
            if seconds > _LONG_ENOUGH:
                break
    return _PRODUCTS * 2 * a.numel() * b.shape[1] / max(seconds, 1e-9)

"""GPT-2 XL's shape within a stated memory: `make bench-xl` (48 layers x 25 heads, 64 tokens).

Random weights, in bfloat16 where the processor computes in it and float32 where it does not
(emulated, it is a hundred times slower). Measures the process's peak beside the model's own
weights, and how often a caller may stop. Exits with 1 if the budget is exceeded.
"""

import argparse
import itertools
import statistics
import sys
import time

import torch
from shapes import Peak, gpt2, prompt_of, saved

from core import SweepSpec, load_model
from core.sweep.scorer import Scorer
from core.sweep.sweep import sweep_with_progress


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--budget", type=float, default=512, help="MB of activations")
    parser.add_argument("--layers", type=int, default=48)
    parser.add_argument("--tokens", type=int, default=64)
    options = parser.parse_args()
    native = torch.ops.mkldnn._is_mkldnn_bf16_supported()
    dtype = "bfloat16" if native else "float32"
    with saved(gpt2(options.layers, 25), getattr(torch, dtype)) as folder:
        model = load_model(str(folder), device="cpu", dtype=dtype, weights="raw")
    spec = SweepSpec(
        model=model.name,
        prompt=prompt_of(options.tokens - 1),
        target=" jumps",
        ablation="zero",
        prepend_bos=True,
        weights="raw",
        dtype=dtype,
    )
    moments = [time.perf_counter()]
    with Peak() as peak:
        for result, fraction in sweep_with_progress(Scorer(model, spec, int(options.budget * 1e6))):
            moments.append(time.perf_counter())
            if fraction is not None and len(moments) % 500 == 0:
                print(f"{100 * fraction:.0f} %, {len(result.heads)} heads", flush=True)
    gaps = [b - a for a, b in itertools.pairwise(moments)]
    print(
        f"{model.n_layers} x {model.n_heads} heads, {options.tokens} tokens, {dtype}: "
        f"{result.provenance.seconds:.0f} s, {result.complete=}; a stop is possible every "
        f"{statistics.median(gaps):.2f} s (at worst {max(gaps):.2f} s); budget "
        f"{options.budget:.0f} MB, memory rose by {peak.megabytes or 0:.0f} MB beside "
        f"{model.n_params * (2 if native else 4) / 1e6:,.0f} MB of weights"
    )
    over = peak.megabytes is not None and peak.megabytes > options.budget
    return 1 if over or not result.complete else 0


if __name__ == "__main__":
    sys.exit(main())

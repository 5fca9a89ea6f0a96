"""The cells that hold the notebook's numbers against Headsweep's own."""

from collections.abc import Callable

from core.exports.notebook.literals import literal
from core.exports.notebook.plan import Plan
from core.results.result import HeadEffect, SweepResult
from core.spec.heads import Head

_TOLERANCE, _TWICE = "1e-4", "2e-4"
"""Nats, in float32: two ways to the same numbers, apart by rounding."""

_Grid = list[list[float | None]]


def numbers(plan: Plan) -> str:
    """Headsweep's own numbers as data: a row a layer; None for a head that was not finished."""
    clean = plan.result.baseline
    own = {"prob": clean.prob, "logprob": clean.logprob}
    if plan.foil is not None and clean.logit_diff is not None:
        own["logit_diff"] = clean.logit_diff
    lines = ["HEADSWEEP_BASELINE = {"]
    lines += [f"    {literal(name)}: {literal(value)}," for name, value in own.items()]
    lines += ["}", "HEADSWEEP = {"]
    for name, rows in _grids(plan.result, own).items():
        lines.append(f"    {literal(name)}: [")
        lines += [f"        {literal(row)}," for row in rows]
        lines.append("    ],")
    return "\n".join((*lines, "}"))


def _grids(result: SweepResult, clean: dict[str, float]) -> dict[str, _Grid]:
    """(layer, head) values of what the notebook measures anew."""
    grids = {
        "prob": _grid(result, lambda effect: effect.prob),
        "logprob": _grid(result, lambda effect: clean["logprob"] + effect.logprob_change),
    }
    if "logit_diff" in clean:
        grids["logit_diff"] = _grid(
            result,
            lambda effect: (
                None
                if effect.logit_diff_change is None
                else clean["logit_diff"] + effect.logit_diff_change
            ),
        )
    return {**grids, "kl": _grid(result, lambda effect: effect.kl)}


def _grid(result: SweepResult, value: Callable[[HeadEffect], float | None]) -> _Grid:
    n_layers, n_heads = result.shape
    effects = [[result.effect(Head(y, x)) for x in range(n_heads)] for y in range(n_layers)]
    return [[None if effect is None else value(effect) for effect in row] for row in effects]


def check(plan: Plan) -> str:
    """The comparison, and what is claimed of it: in float32 only is rounding that small."""
    lines = [
        "import numpy as np",
        "",
        "",
        "def apart(name):",
        '    """The largest difference, over all heads, from Headsweep\'s values."""',
        '    here = heads.pivot(index="layer", columns="head", values=name).to_numpy()',
        "    there = np.array(HEADSWEEP[name], dtype=float)",
    ]
    if plan.result.complete:
        lines.append("    return np.abs(here - there).max()")
    else:
        lines += [
            "    finished = ~np.isnan(there)  # the run was stopped before its last head",
            "    return np.abs(here - there)[finished].max()",
        ]
    lines += [
        "",
        "",
        "for name, value in HEADSWEEP_BASELINE.items():",
        '    print(f"clean run, {name}: {abs(baseline[name] - value):.1e} apart")',
        "for name in HEADSWEEP:",
        '    print(f"ablated, {name}: at most {apart(name):.1e} apart")',
    ]
    if plan.spec.dtype == "float32":
        lines += [
            f'assert abs(baseline["logprob"] - HEADSWEEP_BASELINE["logprob"]) <= {_TOLERANCE}',
            f'assert apart("logprob") <= {_TOLERANCE}',
        ]
        if plan.foil is not None:
            lines.append(f'assert apart("logit_diff") <= {_TWICE}  # a difference of two log probs')
    return "\n".join(lines)

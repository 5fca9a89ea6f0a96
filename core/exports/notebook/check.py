"""The cells that hold the notebook's numbers against Headsweep's own."""

import numpy as np

from core.exports.notebook.literals import literal
from core.exports.notebook.plan import Plan
from core.results.metrics import Metric
from core.results.result import SweepResult

_Grid = list[list[float | None]]


def numbers(plan: Plan) -> str:
    """Headsweep's own numbers as data: a row a layer; None for a head that was not finished."""
    own = {metric.name: _level(metric, plan.result) for metric in plan.metrics}
    lines = ["HEADSWEEP_BASELINE = {"]
    lines += [f"    {literal(k)}: {literal(v)}," for k, v in own.items() if v is not None]
    lines += ["}", "HEADSWEEP = {"]
    for name, rows in (_grid(metric, plan.result) for metric in plan.metrics):
        lines.append(f"    {literal(name)}: [")
        lines += [f"        {literal(row)}," for row in rows]
        lines.append("    ],")
    return "\n".join((*lines, "}"))


def _level(metric: Metric, result: SweepResult) -> float | None:
    """The clean run's own value; None where a result keeps only how far it moves."""
    return getattr(result.baseline, metric.name, None)


def _grid(metric: Metric, result: SweepResult) -> tuple[str, _Grid]:
    """What to compare, a column of the notebook's table, and its (layer, head) values."""
    level = _level(metric, result)
    name = metric.field if level is None else metric.name
    values = result.values(metric.field) + (level or 0.0)
    return name, [[None if np.isnan(value) else float(value) for value in row] for row in values]


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
        held = {m.name: m.within for m in plan.metrics if m.within is not None}
        names = ", ".join(f"{literal(name)}: {within:.0e}" for name, within in held.items())
        lines += [
            f"WITHIN = {{{names}}}".replace("e-0", "e-"),
            "for name, tolerance in WITHIN.items():",
            "    assert abs(baseline[name] - HEADSWEEP_BASELINE[name]) <= tolerance, name",
            "    assert apart(name) <= tolerance, name",
        ]
    return "\n".join(lines)

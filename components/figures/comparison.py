"""What the figures of a comparison share: the runs' names, the words for a difference, the alt."""

import textwrap
from dataclasses import dataclass

import numpy as np

from components.figures.base.look import Look, Scale, mirrored
from components.figures.cell_contents import color_limit
from components.words.escaping import as_label
from core.results.comparison import Comparison, Moved
from core.results.comparison_words import NAMES
from core.results.metrics import Metric
from core.spec.heads import Head
from core.text.numbers import signed

_SAID = 5
"""How many of the heads that moved most the text for screen readers has."""


@dataclass(frozen=True)
class RunName:
    """A run's short name, such as "A", and what tells it from the other; plain text, not HTML."""

    name: str
    caption: str = ""

    def title(self, width: int, lines: int = 1) -> str:
        """Both for a figure, escaped; cut to so many `lines` of `width` characters."""
        before = " " * (len(self.name) + 1)
        kept = textwrap.wrap(
            self.caption, width, initial_indent=before, max_lines=lines, placeholder="…"
        )
        said = "<br>".join(as_label(line.strip()) for line in kept)
        return f"<b>{as_label(self.name)}</b> {said}".rstrip()


Names = tuple[RunName, RunName]
A_AND_B: Names = (RunName(NAMES[0]), RunName(NAMES[1]))


def difference_of(names: Names) -> str:
    """What the difference is called, as plain text: "B − A"."""
    return f"{names[1].name} − {names[0].name}"


def red_means(metric: Metric, names: Names) -> str:
    """What the difference's red says, as plain text."""
    return f"red: {'lower' if metric.signed else 'larger'} in {names[1].name}"


def difference_text(value: float, metric: Metric, digits: int | None = None) -> str:
    """A difference of two values without its unit: it has a sign whatever the metric."""
    return signed(value, metric.digits if digits is None else digits)


def head_words(comparison: Comparison, head: Head, metric: Metric, names: Names) -> str:
    """A head's hover text: both values and the difference."""
    values = (comparison.one, comparison.other)
    return "<br>".join(
        (
            f"<b>{head.label}</b>",
            *(
                f"{as_label(name.name)} {metric.quantity(float(v[head]) * metric.factor)}"
                for name, v in zip(names, values, strict=True)
            ),
            f"{as_label(difference_of(names))} "
            f"{difference_text(float(comparison.difference[head]) * metric.factor, metric)} "
            f"{metric.unit}",
        )
    )


def difference_scale(metric: Metric, look: Look) -> Scale:
    """Red where more was lost in the second run: a change is lower there, and a KL higher."""
    if metric.signed:
        return look.diverging
    return mirrored(look.diverging)


def limits(comparison: Comparison, metric: Metric) -> tuple[float, float]:
    """Where the colours end, in the metric's unit: of both runs, and of their difference.

    The difference is on the runs' own scale, unless it would leave that scale or hardly show on
    it, or the metric has no sign.
    """
    both = np.stack([comparison.one, comparison.other]) * metric.factor
    runs = color_limit(both, metric)
    apart = color_limit(comparison.difference * metric.factor, metric)
    fits = metric.signed and runs / 3 <= apart <= runs
    return runs, runs if fits else apart


def comparison_alt(comparison: Comparison, metric: Metric, names: Names = A_AND_B) -> str:
    """Both figures in words, for screen readers; plain text."""
    a, b = (name.name for name in names)
    n = comparison.one.size
    parts = [f"{metric.title} of {n:,} head{'s' if n > 1 else ''}, {a} against {b}."]
    if comparison.signed_correlation is not None:
        parts.append(f"Rank correlation {signed(comparison.signed_correlation, 2)}.")
    moved = [m for m in comparison.moved[:_SAID] if _notable(m, metric)]
    if not moved:
        least = f"{metric.notable:g} {metric.unit}"
        return " ".join([*parts, f"No head differs by {least} or more."])
    said = "; ".join(
        f"{m.head.label} {metric.text(m.one * metric.factor)} and "
        f"{metric.text(m.other * metric.factor)} {metric.unit}"
        for m in moved
    )
    return " ".join([*parts, f"The heads that differ most, {a} then {b}: {said}."])


def _notable(moved: Moved, metric: Metric) -> bool:
    return abs(moved.difference) * metric.factor >= metric.notable

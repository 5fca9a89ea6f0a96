"""Activation patching of heads between a prompt and its corrupted version, in both directions.

Denoising puts a head's z of the clean run into the corrupted run and measures what it restores.
Noising puts its z of the corrupted run into the clean run and measures what it breaks. They answer
different questions: a head can be sufficient without being necessary (Heimersheim & Nanda 2024,
arXiv:2404.15255; Zhang & Nanda 2023, arXiv:2309.16042).
"""

from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import numpy as np
from jaxtyping import Float

from core.circuits.by_position import checked_heads, iter_position_effects
from core.errors import InputError
from core.model.loaded import LoadedModel
from core.progress import run_to_end
from core.results.metrics import BY_FIELD, changes
from core.spec.heads import Head, all_heads
from core.spec.spec import SweepSpec
from core.sweep.scorer import Scorer
from core.text.jsonable import jsonable

MIN_GAP = 0.1
"""Smallest gap between clean and corrupted run, in nats, for which shares of it have a meaning."""


class Direction(StrEnum):
    """Which of the two runs is patched."""

    DENOISE = "denoise"
    """The corrupted run gets what the clean run has at one place: what does it restore?"""
    NOISE = "noise"
    """The clean run gets what the corrupted run has at one place: what does it break?"""


class OnAGap:
    """Values of m between two runs: as they are, and as shares of the gap between the runs."""

    clean: float
    corrupted: float
    values: Float[np.ndarray, "..."]
    direction: Direction

    @property
    def gap(self) -> float:
        """m(clean) - m(corrupted)."""
        return self.clean - self.corrupted

    @property
    def normalised(self) -> Float[np.ndarray, "..."] | None:
        """`values` / `gap`: 1 is the whole gap. None where |gap| is below `MIN_GAP`."""
        if abs(self.gap) < MIN_GAP:
            return None
        shares: np.ndarray = self.values / self.gap + 0.0  # no -0.0 where the gap is negative
        return shares

    @property
    def roles_turned(self) -> bool:
        """Whether m is higher in the corrupted run, notably: there it is the answer's own run.

        A positive share then is of a fall, and what "restores" is what lowers m.
        """
        return self.gap <= -MIN_GAP

    @property
    def positive_lowers(self) -> bool:
        """Whether what is positive, of the shares where there are any, is of a lower m.

        A patch that breaks the answer is, and one that restores it where the roles are turned.
        """
        turned = self.normalised is not None and self.gap < 0
        return (self.direction is Direction.NOISE) != turned

    @property
    def complete(self) -> bool:
        """Whether every value is finished."""
        return not bool(np.isnan(self.values).any())


@dataclass(frozen=True, eq=False)
class Patching(OnAGap):
    """The effect of patching some heads on m, in nats: logit difference, or log odds without foil.

    `clean` and `corrupted` are m in the two runs. `values` are m(patched) - m(corrupted) for
    denoise and m(clean) - m(patched) for noise, NaN while not finished. With `positions` None there
    is one value a head, patched at all positions that the spec ablates; else one value for each
    head and position. `tokens` are the token texts of the clean prompt at `positions`.
    """

    direction: Direction
    metric: str
    heads: tuple[Head, ...]
    positions: tuple[int, ...] | None
    tokens: tuple[str, ...] | None
    clean: float
    corrupted: float
    values: Float[np.ndarray, "head ..."]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types: `values` in nats, `normalised` in fractions of the gap or null."""
        shares = self.normalised
        return {
            "direction": self.direction.value,
            "metric": self.metric,
            "heads": [head.label for head in self.heads],
            "positions": None if self.positions is None else list(self.positions),
            "tokens": None if self.tokens is None else list(self.tokens),
            "clean": jsonable(self.clean),
            "corrupted": jsonable(self.corrupted),
            "roles_turned": self.roles_turned,
            "values": jsonable(self.values),
            "normalised": None if shares is None else jsonable(shares),
            "complete": self.complete,
        }


def iter_patching(
    model: LoadedModel,
    spec: SweepSpec,
    direction: Direction,
    heads: Sequence[Head] | None = None,
    positions: bool | Sequence[int] | None = None,
) -> Generator[tuple[float, Patching], None, None]:
    """Patch each head (`heads` None: every head of the model), whole or one position at a time.

    `positions` False or None patches a head at all positions that the spec ablates together; True
    patches each of these positions alone; a sequence patches each of its positions alone. Yields
    (share done, result so far); the last result is complete. Noise is the spec's `resample`
    ablation with the opposite sign; denoise is the same with the two prompts exchanged. Raises
    `InputError`: field "corrupted_prompt" for a spec without one; "head", "heads" or "positions"
    for a head or position that the model or the prompt does not have.
    """
    clean, corrupted = both_runs(model, spec)
    metric = clean.metric.removesuffix("_change")
    noise = direction == Direction.NOISE
    patched = clean if noise else corrupted
    chosen = checked_heads(
        model, all_heads(model.n_layers, model.n_heads) if heads is None else heads
    )
    if positions is None or positions is False:
        steps = _whole(patched, chosen, f"{metric}_change")
    else:
        where = None if positions is True else positions
        steps = _by_position(patched, chosen, where, f"{metric}_change")
    levels = level(clean), level(corrupted)
    texts = clean.prepared.texts
    for done, columns, change in steps:
        values = 0.0 - change if noise else change
        tokens = None if columns is None else tuple(texts[column] for column in columns)
        yield done, Patching(direction, metric, chosen, columns, tokens, *levels, values)


_Step = tuple[float, tuple[int, ...] | None, Float[np.ndarray, "head ..."]]
"""(share done, positions, changes of the metric: patched minus unpatched run)."""


def _whole(scorer: Scorer, heads: tuple[Head, ...], metric: str) -> Generator[_Step, None, None]:
    effects = np.full(len(heads), np.nan)
    yield 0.0, None, effects.copy()
    replacements = run_to_end(scorer.replacements())  # one pass over the other prompt
    for scored in scorer.rows(lambda answer: [(replacements[answer].edit(h),) for h in heads]):
        if scored.scores is not None:
            effects[list(scored.indices)] = changes(scored.scores, scorer.baseline)[metric]
        yield scored.fraction, None, effects.copy()
    yield 1.0, None, effects


def _by_position(
    scorer: Scorer, heads: tuple[Head, ...], positions: Sequence[int] | None, metric: str
) -> Generator[_Step, None, None]:
    for done, effects in iter_position_effects(scorer, heads, positions):
        yield done, effects.positions, effects.values(metric)


def both_runs(model: LoadedModel, spec: SweepSpec) -> tuple[Scorer, Scorer]:
    """The clean and the corrupted run: a spec's, and that of the spec with its prompts exchanged.

    Raises `InputError` (field "corrupted_prompt") for a spec without a corrupted prompt.
    """
    if spec.corrupted_prompt is None:
        raise InputError(
            "corrupted_prompt",
            f"Patching needs a corrupted prompt, and {spec.ablation.value} ablation has none: "
            "choose resample, and type one.",
        )
    swapped = replace(spec, prompt=spec.corrupted_prompt, corrupted_prompt=spec.prompt)
    return Scorer(model, spec), Scorer(model, swapped)


def level(scorer: Scorer) -> float:
    """The leading metric in a scorer's own run, in nats."""
    levels = BY_FIELD[scorer.metric].read(scorer.baseline)
    assert levels is not None
    return float(levels[0])

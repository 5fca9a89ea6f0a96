"""At which positions a head matters: the same ablation at one position at a time.

Each cell (head, position) is a batch row of its own. Only that head's z at that position is
replaced; everything after it is recomputed.
"""

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from jaxtyping import Float

from core.engine.interventions import Intervention
from core.errors import InputError
from core.model.loaded import LoadedModel
from core.progress import constant_steps
from core.prompts.tokens import TokenizedAnswer
from core.results.metrics import FIELDS, PROB, changes
from core.spec.heads import Head, check_head
from core.sweep.prepare import Prepared
from core.sweep.scorer import Scorer
from core.text.jsonable import jsonable


@dataclass(frozen=True, eq=False)
class PositionEffects:
    """The effects of ablating each head at one position at a time: ablated minus clean.

    `tokens` are the token texts at `positions`. `effects` has one array for each of
    `core.results.metrics.METRICS` (`prob_change` is a fraction, the others are in nats). A value is
    NaN while its cell is not finished, and where the metric has no value (logit difference without
    a foil). The cells of a head do not add up to the effect of ablating it at all these positions,
    because later layers are not linear.
    """

    heads: tuple[Head, ...]
    positions: tuple[int, ...]
    tokens: tuple[str, ...]
    effects: Mapping[str, Float[np.ndarray, "head position"]]
    complete: bool

    def values(self, metric: str) -> Float[np.ndarray, "head position"]:
        """The effects in one metric. Raises `ValueError` for an unknown metric."""
        if metric not in self.effects:
            raise ValueError(f"{metric!r} is not a metric: use one of {', '.join(FIELDS)}.")
        return self.effects[metric]

    def of_head(self, head: Head) -> dict[str, Float[np.ndarray, " position"]]:
        """One head's effects in every metric. Raises `ValueError` for a head not in `heads`."""
        if head not in self.heads:
            raise ValueError(f"{head.label} is not one of the heads of this map.")
        row = self.heads.index(head)
        return {metric: values[row] for metric, values in self.effects.items()}

    def strongest(self, metric: str, count: int = 5) -> list[tuple[Head, int, float]]:
        """The `count` finished cells with the largest absolute values, as (head, position, value).

        The largest comes first; ties keep the order of heads and positions.
        """
        values = self.values(metric).ravel()
        order = np.argsort(-np.abs(values), kind="stable")  # NaN comes last
        cells = []
        for cell in order[:count]:
            row, column = divmod(int(cell), len(self.positions))
            cells.append((self.heads[row], self.positions[column], float(values[cell])))
        return [cell for cell in cells if not np.isnan(cell[2])]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types: one row per head, one column per position, null for NaN."""
        return {
            "heads": [head.label for head in self.heads],
            "positions": list(self.positions),
            "tokens": list(self.tokens),
            "complete": self.complete,
            "effects": {metric: jsonable(values) for metric, values in self.effects.items()},
        }


def iter_position_effects(
    scorer: Scorer, heads: Sequence[Head], positions: Sequence[int] | None = None
) -> Generator[tuple[float, PositionEffects], None, None]:
    """Ablate each head at each position, with the ablation of the scorer's spec.

    `positions` None means those that the spec ablates, with the teacher-forced positions of the
    answer. Yields (share done, effects so far): first without values, then whenever cells finish,
    late positions before early ones; the last one is complete. Positions before the first one at
    which a corrupted prompt, or a reference set by position, differs are not run: by causality the
    effect there is 0. Raises `InputError` (field "head", "heads" or "positions") for a head or
    position that the model or the prompt does not have.
    """
    prepared = scorer.prepared
    chosen = checked_heads(scorer.model, heads)
    where = _checked_positions(prepared, positions)
    effects = {metric: np.full((len(chosen), len(where)), np.nan) for metric in FIELDS}
    texts = prepared.texts
    tokens = tuple(texts[position] for position in where)
    result = _effects_so_far(chosen, where, tokens, effects)
    yield 0.0, result
    replacements = yield from constant_steps(scorer.replacements(), (0.0, result))
    first = prepared.first_change
    same = [column for column, position in enumerate(where) if position < first]
    for metric in changes(scorer.baseline, scorer.baseline):
        effects[metric][:, same] = 0.0
    columns = np.array([column for column in range(len(where)) if column not in set(same)], int)

    def rows(answer: TokenizedAnswer) -> list[Intervention]:
        edits = [replacements[answer].edit(head) for head in chosen]
        return [(replace(e, positions=(where[column],)),) for e in edits for column in columns]

    for scored in scorer.rows(rows):
        if scored.scores is not None:
            row, column = np.divmod(np.array(scored.indices), len(columns))
            for metric, values in changes(scored.scores, scorer.baseline).items():
                effects[metric][row, columns[column]] = values
            result = _effects_so_far(chosen, where, tokens, effects)
        yield scored.fraction, result
    yield 1.0, _effects_so_far(chosen, where, tokens, effects)


def checked_heads(model: LoadedModel, heads: Sequence[Head]) -> tuple[Head, ...]:
    """The heads without duplicates, in the order given.

    Raises `InputError` for an empty sequence or a head that `model` does not have.
    """
    for head in heads:
        check_head(head, (model.n_layers, model.n_heads), model.name)
    if not heads:
        raise InputError("heads", "No head is named: name at least one.")
    return tuple(dict.fromkeys(heads))


def _checked_positions(prepared: Prepared, positions: Sequence[int] | None) -> tuple[int, ...]:
    n_pos = len(prepared.sequence(prepared.target))  # a foil with a pass of its own is as long
    if positions is None:
        return tuple(range(n_pos)) if prepared.positions is None else prepared.positions
    if not positions:
        raise InputError("positions", "No position is named: name at least one.")
    for position in positions:
        if not 0 <= position < n_pos:
            raise InputError(
                "positions",
                f"There is no position {position}: this prompt and its answer have positions 0 to "
                f"{n_pos - 1}.",
            )
    return tuple(sorted(set(positions)))


def _effects_so_far(
    heads: tuple[Head, ...],
    positions: tuple[int, ...],
    tokens: tuple[str, ...],
    effects: Mapping[str, Float[np.ndarray, "head position"]],
) -> PositionEffects:
    copies = {metric: values.copy() for metric, values in effects.items()}
    complete = not bool(np.isnan(effects[PROB.field]).any())
    return PositionEffects(heads, positions, tokens, copies, complete)

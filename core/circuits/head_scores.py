"""Role scores: to which positions every head attends on repeated random tokens.

`core.circuits.measure_scores` measures them. A score says where a head attends, or whether it
copies; only ablation measures whether that matters. Imports no torch.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from core.results.statistics import share_below
from core.spec.heads import Head
from core.text.jsonable import jsonable

ROLES = ("induction", "duplicate token", "previous token", "current token", "first token")
"""The attention scores; induction is prefix matching (Olsson et al. 2022, arXiv:2209.11895)."""

COPYING = "copying"
"""The only score from the weights alone: it is that of the OV circuit, from -1 to 1."""

THRESHOLD = 0.4
"""The smallest score at which a head "looks like" a role: the convention of ARENA's exercises."""


_COUNTS = ("copy_length", "n_sequences", "seed")


@dataclass(frozen=True, eq=False)
class HeadScores:
    """The scores of every head: mean attention weights, 0 to 1.

    Axes: role (in the order of `roles`), layer, head. `standard_error` is over sequences (NaN for a
    single sequence). `copying` is the OV circuit's copying score (-1 to 1, Elhage et al. 2021),
    None for a model whose weights cannot be read.
    """

    mean: Float[np.ndarray, "role layer head"]
    standard_error: Float[np.ndarray, "role layer head"]
    copy_length: int
    n_sequences: int
    seed: int
    has_bos: bool
    copying: Float[np.ndarray, "layer head"] | None = None
    roles: tuple[str, ...] = ROLES

    def values(self, role: str) -> Float[np.ndarray, "layer head"]:
        """One role's scores; `role` may also be "copying"."""
        if role == COPYING and self.copying is not None:
            return self.copying
        score: Float[np.ndarray, "layer head"] = self.mean[self._index(role)]
        return score

    def errors(self, role: str) -> Float[np.ndarray, "layer head"]:
        """The standard errors of one role's scores. Copying has none: it is not a sample mean."""
        error: Float[np.ndarray, "layer head"] = self.standard_error[self._index(role)]
        return error

    def percentile(self, role: str, head: Head) -> float:
        """The share (0 to 100) of the model's other heads that score below this one.

        A tie counts half. NaN for a model's only head.
        """
        scores = self.values(role)
        others = np.delete(scores, np.ravel_multi_index(head, scores.shape)).tolist()
        share = share_below(float(scores[head]), others)
        return math.nan if share is None else share

    def heads_in_role(self, role: str, threshold: float = THRESHOLD) -> list[Head]:
        """The heads with a score of `threshold` or more, the highest first."""
        scores = self.values(role)
        heads = [Head(int(layer), int(head)) for layer, head in np.argwhere(scores >= threshold)]
        return sorted(heads, key=lambda head: -float(scores[head]))

    def looks_like(self, head: Head, threshold: float = THRESHOLD) -> str | None:
        """The attention role with the head's highest score, None if that is under `threshold`.

        It says where the head attends, not what its ablation does.
        """
        scores = self.mean[:, head.layer, head.head]
        best = int(scores.argmax())
        return self.roles[best] if scores[best] >= threshold else None

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types: one entry per head, scores as fractions."""
        shape = self.mean.shape[1:]
        return {
            "copy_length": self.copy_length,
            "n_sequences": self.n_sequences,
            "seed": self.seed,
            "has_bos": self.has_bos,
            "threshold": THRESHOLD,
            "heads": [self._row(Head(layer, head)) for layer, head in np.ndindex(*shape)],
        }

    def to_kept(self) -> dict[str, Any]:
        """Plain JSON types, whole: `from_kept` makes the same of it."""
        return {
            "roles": list(self.roles),
            **{name: getattr(self, name) for name in _COUNTS},
            "has_bos": self.has_bos,
            "mean": jsonable(self.mean),
            "standard_error": jsonable(self.standard_error),
            "copying": jsonable(self.copying),
        }

    @classmethod
    def from_kept(cls, told: Mapping[str, Any], shape: tuple[int, int]) -> "HeadScores | None":
        """The scores that `to_kept` told; None for what another version told, or is damaged."""
        try:
            mean, error = (_array(told[name]) for name in ("mean", "standard_error"))
            copying = None if told["copying"] is None else _array(told["copying"])
            length, count, seed = (int(told[name]) for name in _COUNTS)
            has_bos, roles = bool(told["has_bos"]), tuple(told["roles"])
        except (LookupError, TypeError, ValueError):
            return None
        fits = mean.shape == error.shape == (len(ROLES), *shape) and roles == ROLES
        if not fits or (copying is not None and copying.shape != shape):
            return None
        return cls(mean, error, length, count, seed, has_bos, copying)

    def _row(self, head: Head) -> dict[str, Any]:
        return {
            "layer": head.layer,
            "head": head.head,
            "label": head.label,
            "looks_like": self.looks_like(head),
            "scores": {role: jsonable(self.values(role)[head]) for role in self.roles},
            "standard_errors": {role: jsonable(self.errors(role)[head]) for role in self.roles},
            "copying": None if self.copying is None else jsonable(self.copying[head]),
        }

    def _index(self, role: str) -> int:
        if role not in self.roles:
            known = (*self.roles, COPYING) if self.copying is not None else self.roles
            raise ValueError(f"no role {role!r}: choose one of {', '.join(known)}")
        return self.roles.index(role)


def _array(told: Any) -> np.ndarray:
    """Numbers that were told as JSON, None for NaN."""
    return np.array(told, dtype=float)

"""Role scores of a model's heads as a row: they are measured once a model, whoever asks.

What is kept is plain data; `core.circuits.head_scores` makes scores of it and says what it is.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from core.errors import StoreError
from core.store.rows import id_of, packed, reading, storable, text_of, unpacked
from core.store.run import Origin

SHOWN_MODEL = 200
"""Characters of a model's name in a row."""


@dataclass(frozen=True)
class ScoresOf:
    """Whose scores: a model's weights, and how they are read."""

    fingerprint: str
    dtype: str
    weights: str

    @property
    def identity(self) -> str:
        """The same for the same weights, read the same way, on every server."""
        told = json.dumps([self.fingerprint, self.dtype, self.weights])
        return "scores-" + hashlib.sha256(told.encode()).hexdigest()

    @property
    def row_id(self) -> str:
        """The name of their row."""
        return id_of(self.identity)


@dataclass(frozen=True)
class KeptScores:
    """The scores of every head of a model; `model` is the name that it was asked for by."""

    of: ScoresOf
    model: str
    shape: tuple[int, int]
    scores: dict[str, Any]


def columns(kept: KeptScores, _: Origin) -> dict[str, Any]:
    """What their row has beside what every row has."""
    return {
        "identity": kept.of.identity,
        "fingerprint": storable(kept.of.fingerprint[:64]),
        "model": storable(kept.model[:SHOWN_MODEL]),
        "n_layers": kept.shape[0],
        "n_heads": kept.shape[1],
        "summary": "{}",
        "result": packed(
            {"dtype": kept.of.dtype, "weights": kept.of.weights, "scores": kept.scores}
        ),
    }


def searched(_: KeptScores) -> tuple[str, ...]:
    """Nobody searches for them."""
    return ()


def line_of(row: Mapping[str, Any]) -> NoReturn:
    """They stand in no list."""
    raise StoreError(f"{row['id']} are a model's role scores: they are not listed.")


def kept_of(row: Mapping[str, Any]) -> KeptScores:
    """The scores of a row; raises `StoreError` for a damaged one."""
    with reading(row):
        told = unpacked(row["result"])
        of = ScoresOf(text_of(row, "fingerprint"), str(told["dtype"]), str(told["weights"]))
        shape = int(row["n_layers"]), int(row["n_heads"])
        return KeptScores(of, text_of(row, "model"), shape, dict(told["scores"]))

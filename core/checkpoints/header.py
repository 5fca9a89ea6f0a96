"""What safetensors files hold, told from their headers: names, shapes and sizes, no weights.

A file begins with the header's length in 8 bytes, then JSON with every tensor's dtype and shape.
"""

import json
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MAX_HEADER_BYTES = 100_000_000
"""As safetensors itself has it."""

_LAYER = re.compile(r"\.(\d{1,7})\.")


@dataclass(frozen=True)
class Weights:
    """How many tensors and numbers there are, and how many layers the tensors' names count."""

    n_tensors: int
    n_numbers: int
    n_layers: int


def read_weights(files: Iterable[Path]) -> Weights:
    """What some safetensors files hold. Raises `ValueError` for a damaged one, `OSError`."""
    shapes = [item for path in files for item in _tensors(path).items()]
    layers = {found[1] for name, _ in shapes if (found := _LAYER.search(name)) is not None}
    return Weights(len(shapes), sum(math.prod(shape) for _, shape in shapes), len(layers))


def _tensors(path: Path) -> dict[str, list[int]]:
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if not 0 < length <= min(MAX_HEADER_BYTES, path.stat().st_size - 8):
            raise ValueError("its header is cut off")
        try:
            header: Any = json.loads(file.read(length))
            tensors = {name: own for name, own in header.items() if name != "__metadata__"}
            found = {name: [int(size) for size in own["shape"]] for name, own in tensors.items()}
            ends = [int(own["data_offsets"][1]) for own in tensors.values()]
        except (ValueError, TypeError, KeyError, AttributeError, IndexError, RecursionError):
            raise ValueError("its header is damaged") from None
    if max(ends, default=0) > path.stat().st_size - 8 - length:
        raise ValueError("it is cut off")
    return found

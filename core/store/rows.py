"""Between results and rows, whatever their kind: JSON, compressed; nothing is ever unpickled."""

import hashlib
import json
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from core.errors import InputError, StoreError
from core.results.schema import DamagedError
from core.store.run import Label, Origin

MAX_UNPACKED = 200_000_000
"""Bytes: more than any model's result, and less than would fill a memory."""
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
ID_LENGTH = 12
_SHOWN = 120

_NOT_EVERY_KIND_HAS: Mapping[str, Any] = {
    **dict.fromkeys(("spec_key", "fingerprint", "model", "ablation"), ""),
    **dict.fromkeys(("n_layers", "n_heads"), 0),
    "margins": None,
}
"""What a row says where its kind has no such thing."""


def id_of(identity: str) -> str:
    """The short name of a result: the same on every server, so that a link can carry it."""
    return hashlib.sha256(identity.encode()).hexdigest()[:ID_LENGTH]


def to_row(
    columns: Mapping[str, Any],
    label: Label,
    searched: Iterable[str],
    origin: Origin,
    created: float,
) -> dict[str, Any]:
    """The row of a result: what its kind says of it (`columns`), and what every row has."""
    return {
        **_NOT_EVERY_KIND_HAS,
        "id": id_of(columns["identity"]),
        "origin": origin.value,
        "created": created,
        "deleted": None,
        **label_columns(label, searched),
        **columns,
    }


def label_columns(label: Label, searched: Iterable[str]) -> dict[str, Any]:
    """The columns that change when a result is renamed."""
    texts = (label.title, label.notes, *label.tags, *searched)
    return {
        "title": storable(label.title),
        "notes": storable(label.notes),
        "tags": json.dumps(label.tags),
        "haystack": storable("\n".join(texts)).casefold(),
    }


def storable(text: str) -> str:
    """Without what a database's texts cannot hold: NUL, and halves of characters."""
    return _UNSTORABLE.sub("\ufffd", text)


def tags_of(column: str) -> tuple[str, ...]:
    """The tags in a row's column; none in one that is damaged."""
    try:
        return tuple(map(str, json.loads(column)))
    except (ValueError, TypeError, RecursionError):
        return ()


def label_of(row: Mapping[str, Any]) -> Label:
    """What people say about the result in a row."""
    return Label(row["title"], row["notes"], tags_of(row["tags"]))


def packed(values: dict[str, Any]) -> bytes:
    """JSON, compressed; a ValueError where a number is not finite."""
    return zlib.compress(json.dumps(values, ensure_ascii=True, allow_nan=False).encode())


def unpacked(raw: bytes) -> Any:
    """The inverse of `packed`; raises what `reading` turns into a sentence."""
    unpacking = zlib.decompressobj()
    text = unpacking.decompress(raw, MAX_UNPACKED)
    if unpacking.unconsumed_tail or not unpacking.eof:
        raise ValueError("its data is cut off or too large")
    return json.loads(text)


@contextmanager
def reading(row: Mapping[str, Any]) -> Iterator[None]:
    """Turns whatever a damaged row throws into a `StoreError` that names it."""
    try:
        yield
    except (
        ValueError, LookupError, TypeError, OverflowError, RecursionError, zlib.error
    ) as error:  # fmt: skip
        ours = isinstance(error, DamagedError) or type(error) in (ValueError, InputError)
        said = f": {_where(error)}" if ours else ""
        raise StoreError(
            f"Run {row.get('id', '?')} is damaged in the database{said}. The others can still be "
            "opened."
        ) from error


def _where(error: Exception) -> str:
    """Where the damage is, as a clause: what can be done about a file cannot be done here."""
    said = error.where if isinstance(error, DamagedError) else str(error).rstrip(".")
    return said if len(said) <= _SHOWN else f"{said[: _SHOWN - 1]}…"

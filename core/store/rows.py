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
from core.text.json_form import Plain, check_form, parsed_json

MAX_UNPACKED = 200_000_000
"""Bytes: more than any model's result, and less than would fill a memory."""
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
ID_LENGTH = 12
_SHOWN = 120
LONGEST = 20_000
"""Characters of a text beside the summary: twice the longest note, and a page still draws it."""
_SHORT = frozenset(
    ("title", "notes", "tags", "model", "ablation", "fingerprint", "origin", "id", "family")
)
_LATEST = 253_402_128_000.0
"""A day before the year 10000, which no calendar here has, in any time zone."""

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


def text_of(row: Mapping[str, Any], name: str) -> str:
    """A row's text; a ValueError where its cell holds none. In SQLite any cell may hold anything.

    What could not be stored is not shown either: a file may have been written by another program.
    """
    check_form(row[name], Plain.TEXT, f"its {name}")
    if name in _SHORT and len(row[name]) > LONGEST:
        raise ValueError(f"its {name} has {len(row[name]):,} characters")
    return storable(row[name])


def storable_moment(seconds: float) -> float:
    """A time as a row can hold it: a clock may stand before 1970, or anywhere."""
    return min(max(0.0, seconds), _LATEST)


def moment_of(row: Mapping[str, Any], name: str) -> float:
    """A row's time, in seconds since 1970, UTC; a ValueError where its cell holds none."""
    check_form(row[name], Plain.NUMBER, f"its {name}")
    if not 0.0 <= row[name] <= _LATEST:
        raise ValueError(f"its {name} is no time")
    return float(row[name])


def origin_of(row: Mapping[str, Any]) -> Origin:
    """Where a row's result came from; a ValueError where its cell does not say."""
    found = text_of(row, "origin")
    if found not in set(Origin):
        raise ValueError("its origin is none of " + ", ".join(Origin))
    return Origin(found)


def tags_of(column: object) -> tuple[str, ...]:
    """The tags in a row's column; none in one that is damaged."""
    if not isinstance(column, str) or len(column) > LONGEST:
        return ()
    try:
        found = parsed_json(column)
        check_form(found, [Plain.TEXT], "its tags")
    except ValueError:
        return ()
    return tuple(map(storable, found))


def label_of(row: Mapping[str, Any]) -> Label:
    """What people say about the result in a row; a ValueError where it is damaged."""
    return Label(text_of(row, "title"), text_of(row, "notes"), tags_of(row["tags"]))


def label_left(row: Mapping[str, Any]) -> Label:
    """As much of a row's label as can be read."""
    title, notes = (row[name] if isinstance(row[name], str) else "" for name in ("title", "notes"))
    return Label(title, notes, tags_of(row["tags"]))


def packed(values: dict[str, Any]) -> bytes:
    """JSON, compressed; a ValueError where a number is not finite."""
    return zlib.compress(json.dumps(values, ensure_ascii=True, allow_nan=False).encode())


def unpacked(raw: bytes) -> Any:
    """The inverse of `packed`; raises what `reading` turns into a sentence."""
    unpacking = zlib.decompressobj()
    text = unpacking.decompress(raw, MAX_UNPACKED)
    if unpacking.unconsumed_tail or not unpacking.eof:
        raise ValueError("its data is cut off or too large")
    return parsed_json(text.decode())


class DamagedRowError(StoreError):
    """A row that cannot be read. `said`: which, and what is wrong with it, without a full stop."""

    def __init__(self, said: str) -> None:
        super().__init__(f"{said}. The others can still be opened.")
        self.said = said


@contextmanager
def reading(row: Mapping[str, Any]) -> Iterator[None]:
    """Turns whatever a damaged row throws into a `DamagedRowError` that names it."""
    try:
        yield
    except (
        ValueError, LookupError, TypeError, OverflowError, RecursionError, zlib.error
    ) as error:  # fmt: skip
        ours = isinstance(error, DamagedError) or type(error) in (ValueError, InputError)
        said = f": {_where(error)}" if ours else ""
        raise DamagedRowError(f"Run {_shown_id(row)} is damaged in the database{said}") from error


def _shown_id(row: Mapping[str, Any]) -> str:
    found = row.get("id", "?")
    return (found if isinstance(found, str) else repr(found))[:_SHOWN]


def _where(error: Exception) -> str:
    """Where the damage is, as a clause: what can be done about a file cannot be done here."""
    said = error.where if isinstance(error, DamagedError) else str(error).rstrip(".")
    return said if len(said) <= _SHOWN else f"{said[: _SHOWN - 1]}…"

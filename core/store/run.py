"""A kept run, whole or as a line of a list."""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Generic, TypeVar

from core.errors import InputError
from core.results.layer_effects import LayerEffects
from core.results.metrics import BY_FIELD, PROB
from core.results.result import SweepResult
from core.spec.answer import Answer
from core.spec.spec import SweepSpec

MAX_TITLE = 200
MAX_NOTES = 10_000
MAX_TAGS = 20
MAX_TAG = 40


class Origin(StrEnum):
    """Where a run came from."""

    COMPUTED = "computed"
    """Swept by a Headsweep that writes to this database."""
    IMPORTED = "imported"
    """Read from a file: shown as it says, never given as the answer to a spec."""


@dataclass(frozen=True)
class Label:
    """What people say about a run."""

    title: str = ""
    notes: str = ""
    tags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Largest:
    """The head with the largest change in a metric: its label, and the change in its unit.

    `metric` is the metric's field, such as "logodds_change".
    """

    head: str
    metric: str
    change: float

    @property
    def words(self) -> str:
        """Head and change, as "L1H0 −80.9 pp" or "L2H1 +1.20 nats of log odds"."""
        metric = BY_FIELD[self.metric]
        of = "" if metric is PROB else f" of {metric.short}"
        return f"{self.head} {metric.quantity(self.change)}{of}"


@dataclass(frozen=True)
class Summary:
    """A run as a list shows it. `created` is in seconds since 1970, UTC.

    `prob` is the clean probability of the target, `changes` its change in percentage points by
    layer and head. `largest` is in the metric that the run opens on; of a run that was kept
    before that was noted, in the change of probability.
    """

    id: str
    origin: Origin
    created: float
    deleted: float | None
    label: Label
    model: str
    prompt: str
    target: str
    ablation: str
    words: str
    fingerprint: str
    prob: float
    largest: Largest
    changes: tuple[tuple[float, ...], ...]

    @property
    def shape(self) -> tuple[int, int]:
        """Layers, and heads a layer."""
        return len(self.changes), len(self.changes[0])

    @property
    def name(self) -> str:
        """The title, or what was asked where it has none."""
        return self.label.title or f"{self.prompt} → {self.target}"


Value = TypeVar("Value")
Line = TypeVar("Line")


@dataclass(frozen=True)
class Page(Generic[Line]):
    """A part of a list; `damaged` says of each row in it that cannot be read what is wrong.

    Such a row stays where it is: another program, or a backup, may make it whole again.
    """

    lines: tuple[Line, ...]
    damaged: tuple[str, ...]


@dataclass(frozen=True)
class Kept(Generic[Value]):
    """A kept result of any kind, with everything in it. `deleted`: when, if it was."""

    id: str
    origin: Origin
    created: float
    label: Label
    value: Value
    deleted: float | None = None


@dataclass(frozen=True)
class Swept:
    """A finished sweep as it is kept; its layer effects are measured after it."""

    result: SweepResult
    layer_effects: LayerEffects | None = None


@dataclass(frozen=True)
class Run:
    """A kept run with everything in it."""

    id: str
    origin: Origin
    created: float
    label: Label
    result: SweepResult
    layer_effects: LayerEffects | None = None

    @property
    def spec(self) -> SweepSpec:
        """What was asked, resolved."""
        return self.result.spec


@dataclass(frozen=True)
class Query:
    """Which runs a list is to show: all words of `text` somewhere, and these properties."""

    text: str = ""
    model: str | None = None
    ablation: str | None = None
    tag: str | None = None
    shape: tuple[int, int] | None = None
    deleted: bool = False
    only: frozenset[str] | None = field(default=None)


def answer_text(answer: Answer) -> str:
    """An answer in one line; the members of a set with "or" between them."""
    return answer if isinstance(answer, str) else " or ".join(answer)


def checked_label(title: str = "", notes: str = "", tags: Iterable[str] = ()) -> Label:
    """A label that every database takes; raises `InputError` (title, notes or tags)."""
    kept = tuple(dict.fromkeys(filter(None, (_clean(tag).strip() for tag in tags))))
    if len(kept) > MAX_TAGS:
        raise InputError("tags", f"{len(kept)} tags are given; at most {MAX_TAGS} are kept.")
    for tag in kept:
        _check_length("tags", f"The tag {tag[:20]!r}…", tag, MAX_TAG)
    title, notes = " ".join(_clean(title).split()), _clean(notes).strip()
    _check_length("title", "The title", title, MAX_TITLE)
    _check_length("notes", "The note", notes, MAX_NOTES)
    return Label(title, notes, kept)


def parse_tags(text: str) -> tuple[str, ...]:
    """Tags as they are typed, with commas between them."""
    return tuple(tag.strip() for tag in text.split(",") if tag.strip())


def _clean(text: str) -> str:
    """Without what a database cannot hold: NUL, and halves of characters."""
    return "".join("\ufffd" if c == "\0" or unicodedata.category(c) == "Cs" else c for c in text)


def _check_length(field: str, what: str, text: str, most: int) -> None:
    if len(text) > most:
        raise InputError(
            field, f"{what} has {len(text):,} characters; at most {most:,} are kept. Shorten it."
        )

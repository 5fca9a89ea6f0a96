"""The kinds of results that are kept: how each becomes a row, and is read, listed and searched.

A kind is added here, with plain data from `core.results` for its value. Rows of other kinds, or of
a newer version of one of these, are another Headsweep's: counted, and otherwise left alone.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, NoReturn, TypeVar

from core.errors import StoreError
from core.results import locked_prediction
from core.results.locked_prediction import LockedPrediction
from core.results.schema import VERSION
from core.spec.identity import FAMILY
from core.store import head_scores, predictions, sweeps
from core.store.head_scores import KeptScores
from core.store.predictions import PredictionLine
from core.store.rows import reading, text_of
from core.store.run import Origin, Summary, Swept
from core.text.json_form import Plain, check_form

Value = TypeVar("Value")
Line = TypeVar("Line")
Row = Mapping[str, Any]


@dataclass(frozen=True)
class ResultKind(Generic[Value, Line]):
    """One kind of result. `family` and `version` are those of its form, as it is written now.

    `columns`: what its row says of a value beside what every row has: `identity` (two values with
    the same one are the same result), `summary` and `result` at least. `searched`: the texts that
    a search looks through. `line`: a row in a list, read without its result. `read`: a row's value,
    in this form or any before it; `line` and `read` raise `StoreError` for one that is damaged.
    """

    family: str
    version: int
    columns: Callable[[Value, Origin], dict[str, Any]]
    searched: Callable[[Value], tuple[str, ...]]
    line: Callable[[Row], Line]
    read: Callable[[Row], Value]


SWEEPS: ResultKind[Swept, Summary] = ResultKind(
    FAMILY, VERSION, sweeps.columns, sweeps.searched, sweeps.summary_of, sweeps.swept_of
)

PREDICTIONS: ResultKind[LockedPrediction, PredictionLine] = ResultKind(
    locked_prediction.FAMILY,
    locked_prediction.VERSION,
    predictions.columns,
    predictions.searched,
    predictions.line_of,
    predictions.locked_of,
)

HEAD_SCORES: ResultKind[KeptScores, NoReturn] = ResultKind(
    "headsweep.head-scores",
    1,
    head_scores.columns,
    head_scores.searched,
    head_scores.line_of,
    head_scores.kept_of,
)

KINDS: dict[str, ResultKind[Any, Any]] = {
    kind.family: kind for kind in (SWEEPS, PREDICTIONS, HEAD_SCORES)
}
"""Every kind that this version knows, by its family."""


def kind_of(row: Row) -> ResultKind[Any, Any]:
    """The kind of a row; raises `StoreError` for one that this version cannot read."""
    with reading(row):
        name, family = text_of(row, "id"), text_of(row, "family")
        check_form(row["schema_version"], Plain.WHOLE, "its schema_version")
    kind = KINDS.get(family)
    if kind is None or row["schema_version"] > kind.version:
        raise StoreError(
            f"{name} was kept by another Headsweep, as {family[:_SHOWN]}/{row['schema_version']}, "
            "which this one does not know: it is left as it is. Update this Headsweep to open it."
        )
    return kind


def unknown_results(count: int) -> str:
    """What to say of results that this version does not know; nothing where there are none."""
    if not count:
        return ""
    what = "1 result of a type" if count == 1 else f"{count:,} results of types"
    return f"{what} that this version does not know: update Headsweep to see more."


_NAMED = 3
_SHOWN = 40


def damaged_results(said: Sequence[str]) -> str:
    """What to say of the rows that a list leaves out (`Page.damaged`); nothing where it has none.

    The first few are named; how many more there are is said.
    """
    if not said:
        return ""
    more = len(said) - _NAMED
    parts = [*said[:_NAMED], *([f"{more:,} more here are damaged"] if more > 0 else [])]
    return f"{'. '.join(parts)}. What is damaged stays as it is, and is left out of this list."

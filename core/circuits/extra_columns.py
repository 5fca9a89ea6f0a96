"""Extra columns of a sweep: numbers of every head that no ablation gives, measured on demand.

The one place that lists them. The ranking on the page, the command line, JSON and CSV read
`EXTRA_COLUMNS`. None of them says what an ablation would do: they stand beside the effects, so that
what a head attends to, copies and writes can be compared with whether it matters. Imports no torch.
"""

from collections.abc import Generator, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, assert_never

import numpy as np
from jaxtyping import Float

from core.circuits.head_scores import ROLES
from core.errors import InputError, UnavailableError
from core.progress import within
from core.spec.heads import Head
from core.text.jsonable import jsonable
from core.text.numbers import decimal, signed

if TYPE_CHECKING:
    from core.sweep.scorer import Scorer


WEIGHT = "weight, 0–1"
"""The unit of what is attention, or a mean or sum of attention."""


class Source(Enum):
    """The measurements that columns come from."""

    ATTRIBUTION = auto()
    DIRECT_EFFECTS = auto()
    OCCURRENCES = auto()
    SCORES = auto()


@dataclass(frozen=True, kw_only=True)
class ExtraColumn:
    """One number of every head.

    `name` is what options, JSON and CSV call it, `title` stands above a column. `needs` is what a
    run must have, in words; "" where any has it. `how` says in one sentence how it is computed.
    `source` is the measurement that gives it: columns of one source are measured together. `signed`
    values may be negative; `digits` are written after the point.
    """

    name: str
    title: str
    unit: str
    needs: str
    how: str
    source: Source
    signed: bool = True
    digits: int = 2

    def text(self, value: float) -> str:
        """A value without its unit; a signed one has a sign and a real minus."""
        return signed(value, self.digits) if self.signed else decimal(value, self.digits)


ATTRIBUTION = ExtraColumn(
    name="attribution",
    title="direct attribution",
    unit="nats",
    needs="a residual stream that is the sum of its parts",
    how="What the head adds to the answer's logit by itself in the clean run, the final norm's "
    "scale frozen (direct logit attribution, Elhage et al. 2021).",
    source=Source.ATTRIBUTION,
)
DIRECT = ExtraColumn(
    name="direct-frozen",
    title="direct effect, norms frozen",
    unit="nats",
    needs="a residual stream that is the sum of its parts",
    how="The change of the leading metric where only the final residual stream loses what the "
    "ablation takes from the head, the norms' scales frozen (as Rushing and Nanda 2024, "
    "arXiv:2402.15390, count what is lost directly).",
    source=Source.DIRECT_EFFECTS,
)


def _attention(answer: str) -> ExtraColumn:
    return ExtraColumn(
        name=f"attention-to-{answer}",
        title=f"attention to {answer}",
        unit=WEIGHT,
        needs=f"a {answer} whose first token is in the prompt",
        how=f"The attention weights from the position that predicts the answer to every earlier "
        f"occurrence of the {answer}'s first token in the prompt, added up (0 to 1).",
        source=Source.OCCURRENCES,
        signed=False,
    )


def _copying(answer: str) -> ExtraColumn:
    return ExtraColumn(
        name=f"copying-{answer}",
        title=f"copying of {answer}",
        unit="logits",
        needs=f"a {answer} whose first token is in the prompt, and a residual stream that is the "
        "sum of its parts",
        how=f"The logit, over the vocabulary's mean, that the head would add to the {answer}'s "
        "first token by attending only to where it occurs in the prompt: its OV circuit on the "
        "stream after layer 0 (as Wang et al. 2022, arXiv:2211.00593, score copying), the final "
        "norm's scale frozen; the mean over occurrences.",
        source=Source.OCCURRENCES,
    )


def _score(role: str) -> ExtraColumn:
    return ExtraColumn(
        name=role.replace(" ", "-"),
        title=role,
        unit=WEIGHT,
        needs="",
        how=f"The {role} score on repeated random tokens: the mean attention weight, 0 to 1 "
        "(Olsson et al. 2022, arXiv:2209.11895).",
        source=Source.SCORES,
        signed=False,
    )


EXTRA_COLUMNS: tuple[ExtraColumn, ...] = (
    ATTRIBUTION,
    DIRECT,
    *(_attention(answer) for answer in ("target", "foil")),
    *(_copying(answer) for answer in ("target", "foil")),
    *(_score(role) for role in ROLES),
)
"""In the order in which they are offered and written."""
BY_NAME: Mapping[str, ExtraColumn] = {column.name: column for column in EXTRA_COLUMNS}

Values = Mapping[str, Float[np.ndarray, "layer head"] | str]
"""By column name: the values of every head, or why this run has none."""


@dataclass(frozen=True, eq=False)
class ExtraValues:
    """Columns that were asked for, in their order: the values of each, or why there are none."""

    columns: tuple[ExtraColumn, ...] = ()
    found: Values = field(default_factory=dict)

    @property
    def measured(self) -> tuple[ExtraColumn, ...]:
        """The columns that have values."""
        return tuple(each for each in self.columns if not isinstance(self.found[each.name], str))

    @property
    def unavailable(self) -> dict[str, str]:
        """By name, why a column that was asked for has no values."""
        return {name: why for name, why in self.found.items() if isinstance(why, str)}

    def value(self, column: ExtraColumn, head: Head | None) -> float | None:
        """The value of a head; None for a row that is no head."""
        values = self.found[column.name]
        return None if head is None or isinstance(values, str) else float(values[head])

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types: by column its unit, how it is computed, and one list a layer."""
        return {
            each.name: {"unit": each.unit, "how": each.how, **_plain(self.found[each.name])}
            for each in self.columns
        }


def columns_named(text: str) -> tuple[ExtraColumn, ...]:
    """The columns in a text, separated by commas, in the table's order, each once.

    Raises `InputError` (field "columns") for a name that is none.
    """
    names = [part.strip() for part in text.split(",") if part.strip()]
    known = ", ".join(BY_NAME)
    for name in names:
        if name not in BY_NAME:
            raise InputError("columns", f"{name[:40]!r} is no column: choose among {known}.")
    if not names:
        raise InputError("columns", f"No column is named: choose among {known}.")
    return tuple(column for column in EXTRA_COLUMNS if column.name in names)


def measure_extra_columns(
    scorer: "Scorer", columns: Iterable[ExtraColumn]
) -> Generator[float, None, ExtraValues]:
    """Measure columns of every head; yields the share done.

    A measurement that several columns come from is done once. A column that the run or the model
    has not what it takes for has a sentence in the place of values.
    """
    chosen = tuple(columns)
    sources = list(dict.fromkeys(each.source for each in chosen))
    found: dict[str, Any] = {}
    for number, source in enumerate(sources):
        names = [each.name for each in chosen if each.source == source]
        first, last = number / len(sources), (number + 1) / len(sources)
        try:
            found |= yield from within(_measured(scorer, source, names), first, last)
        except UnavailableError as error:
            found |= dict.fromkeys(names, str(error))
        yield last
    return ExtraValues(chosen, {each.name: found[each.name] for each in chosen})


def _measured(
    scorer: "Scorer", source: Source, names: list[str]
) -> Generator[float, None, Mapping[str, Any]]:
    """The columns of one source; what belongs to torch is imported here."""
    match source:
        case Source.ATTRIBUTION:
            from core.circuits.logit_attribution import measure_logit_attribution

            whole = yield from measure_logit_attribution(scorer.model, scorer.prepared)
            return {ATTRIBUTION.name: whole.difference.heads}
        case Source.DIRECT_EFFECTS:
            from core.circuits.direct_effects import measure_direct_effects

            return {DIRECT.name: (yield from measure_direct_effects(scorer))}
        case Source.OCCURRENCES:
            from core.circuits.occurrences import measure_at_occurrences

            return (yield from measure_at_occurrences(scorer, names))
        case Source.SCORES:
            from core.circuits.measure_scores import measure_head_scores

            scores = yield from measure_head_scores(scorer.model)
            return {name: scores.values(BY_NAME[name].title) for name in names}
        case never:
            assert_never(never)


def _plain(values: Float[np.ndarray, "layer head"] | str) -> dict[str, Any]:
    return {"unavailable": values} if isinstance(values, str) else {"values": jsonable(values)}

"""The report on one head: everything that the head's views show, as plain JSON types."""

import time
from collections.abc import Generator, Sequence
from typing import Any

from core.circuits.atlas import roles_of
from core.circuits.attention import head_attention
from core.circuits.by_kind import by_kind
from core.circuits.by_position import PositionEffects, iter_position_effects
from core.circuits.direct_effect import DirectEffect, measure_direct_effect
from core.circuits.dose import measure_dose
from core.circuits.edge import Edge
from core.circuits.head_scores import THRESHOLD, HeadScores
from core.circuits.logit_effects import measure_logit_effects
from core.circuits.measure_scores import measure_head_scores
from core.circuits.path_patching import measure_path_patching
from core.circuits.score_places import score_rank
from core.circuits.verdict import verdict
from core.errors import UnavailableError
from core.model.loaded import LoadedModel
from core.progress import within
from core.results.result import HeadEffect, SweepResult
from core.spec.heads import Head, check_head
from core.spec.spec import SweepSpec
from core.sweep.scorer import Scorer
from core.sweep.sweep import provenance, sweep_with_progress
from core.text.jsonable import jsonable

SCHEMA = "headsweep.head/3"
SCHEMA_OF_SEVERAL = "headsweep.heads/1"


def head_report(
    model: LoadedModel,
    spec: SweepSpec,
    head: Head,
    query: int | None = None,
    attended: int | None = None,
    *,
    edge: Edge = Edge.RESIDUAL,
    whole_group: bool = False,
) -> Generator[float, None, dict[str, Any]]:
    """`head_reports` of one head."""
    (report,) = yield from head_reports(
        model, spec, (head,), query, attended, edge=edge, whole_group=whole_group
    )
    return report


def head_reports(
    model: LoadedModel,
    spec: SweepSpec,
    heads: Sequence[Head],
    query: int | None = None,
    attended: int | None = None,
    *,
    edge: Edge = Edge.RESIDUAL,
    whole_group: bool = False,
) -> Generator[float, None, list[dict[str, Any]]]:
    """Sweep the prompt, then measure some heads in every way; yields the share done.

    The sweep and the role scores are measured once. `query` and `attended` are `query` and `key` of
    `measure_path_patching`, `edge` and `whole_group` as there, the same for every head.
    Probabilities are fractions. Changes are ablated minus clean, in nats. `logit_attribution` is
    that of every head and MLP, for the leading metric. Raises `InputError`.
    """
    started = time.perf_counter()
    for head in heads:
        check_head(head, (model.n_layers, model.n_heads), model.name)
    scorer = Scorer(model, spec)
    paths = []
    for part, head in enumerate(heads):  # first: positions out of range are refused before the
        work = _paths(scorer, head, query, attended, edge, whole_group)  # long work
        paths.append((yield from within(work, *_part(part, len(heads), 0.0, 0.15))))
    result = yield from within(_sweep(scorer), 0.15, 0.4)
    roles = yield from within(measure_head_scores(model), 0.4, 0.7)
    reports = []
    for part, (head, path) in enumerate(zip(heads, paths, strict=True)):
        measured = _report(scorer, head, path, result, roles)
        report = yield from within(measured, *_part(part, len(heads), 0.7, 1.0))
        seconds = time.perf_counter() - started
        reports.append({**report, "provenance": provenance(model, seconds).to_dict()})
    return reports


def several(reports: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The reports on several heads of one sweep as one object of plain JSON types."""
    return {"schema": SCHEMA_OF_SEVERAL, "heads": list(reports)}


def _part(number: int, of: int, first: float, last: float) -> tuple[float, float]:
    """The share of progress of one of equal parts of the work from `first` to `last`."""
    step = (last - first) / of
    return first + number * step, first + (number + 1) * step


_Paths = tuple[dict[str, Any], DirectEffect | None]
"""What feeds a head, as JSON, and its direct effect: None where the stream cannot be split."""


def _paths(
    scorer: Scorer,
    head: Head,
    query: int | None,
    attended: int | None,
    edge: Edge,
    whole_group: bool,
) -> Generator[float, None, _Paths]:
    path_patching: dict[str, Any]
    direct_effect = None
    try:
        work = measure_path_patching(
            scorer, head, query, attended, edge=edge, answer=True, whole_group=whole_group
        )
        path_patching = (yield from within(work, 0.0, 0.7)).to_dict()
        direct_effect = yield from within(measure_direct_effect(scorer, head), 0.7, 1.0)
    except UnavailableError as error:
        path_patching = {"unavailable": str(error)}
    return path_patching, direct_effect


def _report(
    scorer: Scorer, head: Head, paths: _Paths, result: SweepResult, roles: HeadScores
) -> Generator[float, None, dict[str, Any]]:
    """One head's report but for its provenance; yields the share done."""
    path_patching, direct_effect = paths
    effect = result.effect(head)
    assert effect is not None
    kinds = yield from within(by_kind(scorer, head), 0.0, 0.3)
    dose = yield from within(measure_dose(scorer, [head]), 0.3, 0.4)
    logit_effects = yield from within(measure_logit_effects(scorer, head), 0.4, 0.6)
    by_position = yield from within(_position_effects(scorer, head), 0.6, 1.0)
    attribution, attention = logit_effects.attribution, head_attention(scorer.start, head)
    share_of_first = _share_of_first(by_position, effect, scorer.metric)
    sentences = verdict(result, effect, direct_effect, kinds, roles, share_of_first)
    return {
        "schema": SCHEMA,
        "spec": result.spec.to_dict(),
        "head": head.label,
        "tokens": list(result.sequence),
        "target_tokens": list(result.target_tokens),
        "baseline": jsonable(result.baseline),
        "leading_metric": scorer.metric,
        "effect": effect.to_dict(),
        "verdict": [sentence.text for sentence in sentences],
        "attention": {
            "weights": jsonable(attention.weights),
            "value_lengths": _or_none(attention.value_lengths),
        },
        "logit_attribution": (None if attribution is None else attribution.difference.to_dict()),
        "logit_effects": logit_effects.to_dict(),
        "by_position": by_position.to_dict(),
        "head_scores": _scores_of_head(roles, head),
        "path_patching": path_patching,
        "direct_effect": None if direct_effect is None else direct_effect.to_dict(),
        "by_kind": {kind.value: kind_effect.to_dict() for kind, kind_effect in kinds.items()},
        "dose": dose.to_dict(),
        "literature": [
            {**jsonable(entry), "heads": [entry_head.label for entry_head in entry.heads]}
            | {"citation": entry.citation}
            for entry in roles_of(scorer.model.name, head)
        ],
    }


def _sweep(scorer: Scorer) -> Generator[float, None, SweepResult]:
    last = None
    for result, fraction in sweep_with_progress(scorer):
        last = result
        yield fraction or 0.0
    assert last is not None
    return last


def _position_effects(scorer: Scorer, head: Head) -> Generator[float, None, PositionEffects]:
    last = None
    for fraction, effects in iter_position_effects(scorer, [head]):
        last = effects
        yield fraction
    assert last is not None
    return last


def _share_of_first(by_position: PositionEffects, effect: HeadEffect, metric: str) -> float | None:
    """The change of ablating position 0 alone, over that of the whole ablation.

    None where position 0 is not ablated or the whole change is 0.
    """
    whole: float | None = getattr(effect, metric)
    if 0 not in by_position.positions or not whole:
        return None
    column = by_position.positions.index(0)
    return float(by_position.values(metric)[0, column]) / whole


def _or_none(values: Any) -> Any:
    return None if values is None else jsonable(values)


def _scores_of_head(roles: HeadScores, head: Head) -> dict[str, Any]:
    """One head's scores, each with its standard error and its place in the model."""
    return {
        "looks_like": roles.looks_like(head),
        "threshold": THRESHOLD,
        "scores": {
            role: {
                "score": jsonable(roles.values(role)[head]),
                "standard_error": jsonable(roles.errors(role)[head]),
                "percentile": jsonable(roles.percentile(role, head)),
                "rank": score_rank(roles, role, head),
                "of": roles.values(role).size,
            }
            for role in roles.roles
        },
        "copying": None if roles.copying is None else jsonable(roles.copying[head]),
    }

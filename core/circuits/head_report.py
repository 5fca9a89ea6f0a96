"""Everything that the views of one head show, as plain JSON types."""

import time
from collections.abc import Generator
from typing import Any

from core.circuits.atlas import roles_of
from core.circuits.attention import head_attention
from core.circuits.by_kind import by_kind
from core.circuits.by_position import PositionEffects, iter_position_effects
from core.circuits.direct_effect import measure_direct_effect
from core.circuits.head_scores import THRESHOLD, HeadScores
from core.circuits.logit_effects import measure_logit_effects
from core.circuits.measure_scores import measure_head_scores
from core.circuits.path_patching import measure_path_patching
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

SCHEMA = "headsweep.head/2"


def head_report(
    model: LoadedModel,
    spec: SweepSpec,
    head: Head,
    query: int | None = None,
    attended: int | None = None,
) -> Generator[float, None, dict[str, Any]]:
    """Sweep the prompt and see one head closely: yields the share done.

    `query` and `attended` are the two positions of `measure_path_patching`. Probabilities are
    fractions, changes ablated minus clean in nats or, for direct contributions, logits. Raises
    `InputError`.
    """
    started = time.perf_counter()
    check_head(head, (model.n_layers, model.n_heads), model.name)
    scorer = Scorer(model, spec)
    fed: Any
    traced = None
    try:  # first, so that positions that are not there are refused before the long work
        fed = (
            yield from within(measure_path_patching(scorer, head, query, attended), 0.0, 0.1)
        ).to_dict()
        traced = yield from within(measure_direct_effect(scorer, head), 0.1, 0.15)
    except UnavailableError as error:
        fed = {"missing": str(error)}
    result = yield from within(_swept(scorer), 0.15, 0.4)
    effect = result.effect(head)
    assert effect is not None
    kinds = yield from within(by_kind(scorer, head), 0.4, 0.5)
    roles = yield from within(measure_head_scores(model), 0.5, 0.8)
    says = yield from within(measure_logit_effects(scorer, head), 0.8, 0.85)
    places = yield from within(_placed(scorer, head), 0.85, 1.0)
    looking = head_attention(scorer.start, head)
    said = verdict(result, effect, traced, kinds, roles, _share_of_first(places, effect))
    return {
        "schema": SCHEMA,
        "spec": result.spec.to_dict(),
        "head": head.label,
        "tokens": list(result.sequence),
        "target_tokens": list(result.target_tokens),
        "baseline": jsonable(result.baseline),
        "effect": effect.to_dict(),
        "verdict": [sentence.text for sentence in said],
        "attention": {
            "weights": jsonable(looking.weights),
            "value_lengths": _or_none(looking.lengths),
        },
        "logit_effects": says.to_dict(),
        "by_position": places.to_dict(),
        "head_scores": _kind(roles, head),
        "path_patching": fed,
        "direct_effect": None if traced is None else traced.to_dict(),
        "by_kind": {kind.value: each.to_dict() for kind, each in kinds.items()},
        "literature": [
            {**jsonable(entry), "heads": [each.label for each in entry.heads]}
            | {"citation": entry.citation}
            for entry in roles_of(model.name, head)
        ],
        "provenance": jsonable(provenance(model, time.perf_counter() - started)),
    }


def _swept(scorer: Scorer) -> Generator[float, None, SweepResult]:
    found = None
    for result, fraction in sweep_with_progress(scorer):
        found = result
        yield fraction or 0.0
    assert found is not None
    return found


def _placed(scorer: Scorer, head: Head) -> Generator[float, None, PositionEffects]:
    found = None
    for fraction, places in iter_position_effects(scorer, [head]):
        found = places
        yield fraction
    assert found is not None
    return found


def _share_of_first(places: PositionEffects, effect: HeadEffect) -> float | None:
    """Of a head's change in log probability, what position 0 alone does; None of none."""
    if 0 not in places.positions or not effect.logprob_change:
        return None
    column = places.positions.index(0)
    return float(places.values("logprob_change")[0, column]) / effect.logprob_change


def _or_none(values: Any) -> Any:
    return None if values is None else jsonable(values)


def _kind(roles: HeadScores, head: Head) -> dict[str, Any]:
    """One head's scores, each with its standard error and its place among the model's heads."""
    return {
        "looks_like": roles.looks_like(head),
        "threshold": THRESHOLD,
        "scores": {
            role: {
                "score": jsonable(roles.of(role)[head]),
                "standard_error": jsonable(roles.error_of(role)[head]),
                "percentile": jsonable(roles.percentile(role, head)),
            }
            for role in roles.roles
        },
        "copying": None if roles.copying is None else jsonable(roles.copying[head]),
    }

"""How far a bfloat16 sweep is from float32: its strongest heads, measured again.

bfloat16 keeps eight bits of each number. What that does to an effect depends on the model and the
prompt, .1 to .2 nats being usual, so it is measured where that costs little.
"""

import logging
from collections.abc import Sequence
from dataclasses import replace

from core.checkpoints.loading import load_model
from core.model.loaded import LoadedModel
from core.progress import run_to_end
from core.results.leading import leading_of
from core.results.metrics import Metric
from core.results.precision import MEASURED_AGAIN, MOST_PARAMS
from core.results.result import HeadEffect, SweepResult
from core.spec.heads import Head
from core.sweep.scorer import Scorer, head_effects

_log = logging.getLogger(__name__)


def with_precision(model: LoadedModel, scorer: Scorer, result: SweepResult) -> SweepResult:
    """A finished sweep that says how far it is from float32, where it is not in float32 itself.

    A model of more than `MOST_PARAMS` parameters is not measured again, nor one whose files have
    changed. The second copy of the model lives only as long as this takes.
    """
    if model.dtype == "float32" or model.n_params > MOST_PARAMS:
        return result
    try:
        apart = _largest_distance(model, scorer, result)
    except Exception as error:  # beside the point: without it a sweep is still a sweep
        _log.error("No distance from float32", exc_info=error)
        return result
    return replace(result, provenance=replace(result.provenance, float32_distance=apart))


def _largest_distance(model: LoadedModel, scorer: Scorer, result: SweepResult) -> float | None:
    """In nats of the leading metric: of the clean run's, and of each change measured again."""
    precise = load_model(model.name, model.device, "float32", model.weights)
    if precise.fingerprint != model.fingerprint:
        return None
    metric = leading_of(result)
    again = Scorer(precise, replace(result.spec, dtype="float32"))
    levels = metric.read(scorer.baseline), metric.read(again.baseline)
    assert levels[0] is not None
    assert levels[1] is not None
    strongest = result.ranked(metric.field)[:MEASURED_AGAIN]
    effects = _effects(precise, again, [effect.address for effect in strongest])
    return max(
        abs(float(levels[0][0] - levels[1][0])),
        *(
            abs(_change(metric, a) - _change(metric, b))
            for a, b in zip(strongest, effects, strict=True)
        ),
    )


def _effects(model: LoadedModel, scorer: Scorer, heads: Sequence[Head]) -> list[HeadEffect]:
    """The effects of some heads, in their order."""
    replacements = run_to_end(scorer.replacements())
    found: dict[Head, HeadEffect] = {}
    for rows in scorer.rows(lambda answer: [(replacements[answer].edit(head),) for head in heads]):
        for effect in head_effects(model, rows, scorer.baseline, heads):
            found[effect.address] = effect
    return [found[head] for head in heads]


def _change(metric: Metric, effect: HeadEffect) -> float:
    change = metric.value(effect)
    assert change is not None
    return change

"""Everything that the test of a hypothesis shows, as plain JSON types."""

import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any

from core.hypotheses import interactions as pairs
from core.hypotheses.held_out import held_out
from core.hypotheses.interactions import interactions
from core.hypotheses.joint import joint_test
from core.hypotheses.keep_only import for_keeping, keep_only
from core.hypotheses.prediction import Verdict, lock
from core.hypotheses.search import greedy
from core.hypotheses.variants import NO_VARIANTS, variants
from core.model.loaded import LoadedModel
from core.progress import map_steps, within
from core.spec.heads import Head
from core.spec.spec import SweepSpec
from core.sweep.scorer import Scorer
from core.sweep.sweep import provenance
from core.text.jsonable import jsonable

SCHEMA = "headsweep.joint/1"


@dataclass(frozen=True)
class Foreseen:
    """What is predicted of a set: whether its loss breaks the answer, and P(target) then."""

    breaks: bool
    prob_after: float


def joint_report(
    model: LoadedModel,
    spec: SweepSpec,
    heads: Sequence[Head],
    foreseen: Foreseen | None = None,
    *,
    greedy_too: bool = False,
    own: Sequence[SweepSpec] = (),
) -> Generator[float, None, dict[str, Any]]:
    """Ablate some heads together and keep only them: yields the share done.

    A prediction is dated before anything is measured here; whether its maker had looked elsewhere
    is not known. Keeping and searching are done under `for_keeping`'s kind, which the report names;
    the set found is tried on the variants that can be made, then on `own`, which are of that kind
    too. Raises `InputError`.
    """
    started = time.perf_counter()
    scorer = Scorer(model, spec)
    locked = None
    if foreseen is not None:
        locked = lock(heads, foreseen.breaks, foreseen.prob_after, after_looking=None)
    joint = yield from within(joint_test(scorer, heads), 0.0, 0.3)
    acting = None
    if 2 <= len(joint.heads) <= pairs.MOST:
        acting = yield from within(interactions(scorer, joint.heads), 0.3, 0.4)
    kept_spec = for_keeping(spec)
    keeper = scorer if kept_spec == spec else Scorer(model, kept_spec)
    kept = yield from within(keep_only(keeper, joint.heads), 0.4, 0.5)
    found: dict[str, Any] = {
        "schema": SCHEMA,
        "spec": scorer.prepared.spec.to_dict(),
        "verdict": None
        if locked is None
        else Verdict(locked, joint.baseline, joint.joint).to_dict(),
        "joint": joint.to_dict(),
        "interactions": None if acting is None else acting.to_dict(),
        "keep_only": {"ablation": kept_spec.ablation.value, **kept.to_dict()},
    }
    if greedy_too:
        found |= yield from within(_searched(model, keeper, kept_spec, own), 0.5, 1.0)
    yield 1.0
    seconds = time.perf_counter() - started
    return {**found, "provenance": jsonable(provenance(model, seconds))}


def _searched(
    model: LoadedModel, scorer: Scorer, spec: SweepSpec, own: Sequence[SweepSpec]
) -> Generator[float, None, dict[str, Any]]:
    """A small set, and what it keeps on prompts that the search did not use."""
    work = map_steps(greedy(scorer), lambda search: search.fraction)
    search = yield from within(work, 0.0, 0.8)
    varied = (*variants(model, spec), *own)
    tried: Any = NO_VARIANTS
    if varied:
        found = yield from within(held_out(model, spec, search.heads, varied), 0.8, 1.0)
        tried = [each.to_dict() for each in found]
    return {
        "greedy": {"ablation": spec.ablation.value, **search.to_dict()},
        "variants": tried,
    }

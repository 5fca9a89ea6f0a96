"""The report on the test of a hypothesis: all its results, as plain JSON types."""

import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any

from core.hypotheses import interactions as pairs
from core.hypotheses.held_out import held_out
from core.hypotheses.interactions import interactions
from core.hypotheses.joint import joint_test
from core.hypotheses.joint_words import comparison_words, joint_words, redundancy_words
from core.hypotheses.keep_only import keep_only, keep_only_spec
from core.hypotheses.prediction import Verdict, lock_prediction
from core.hypotheses.search import check_enough, greedy
from core.hypotheses.search_words import NOT_FOUND
from core.hypotheses.variants import NO_VARIANTS, variants
from core.model.loaded import LoadedModel
from core.progress import map_steps, within
from core.spec.members import Member
from core.spec.spec import SweepSpec
from core.sweep.scorer import Scorer
from core.sweep.sweep import provenance

SCHEMA = "headsweep.joint/4"


@dataclass(frozen=True)
class PredictedEffect:
    """A prediction for ablating a set of heads: does the answer break, and what is P(target)?

    `prob_after` is a fraction.
    """

    breaks: bool
    prob_after: float


def joint_report(
    model: LoadedModel,
    spec: SweepSpec,
    heads: Sequence[Member],
    foreseen: PredictedEffect | None = None,
    *,
    greedy_too: bool = False,
    enough: float = 1.0,
    own: Sequence[SweepSpec] = (),
) -> Generator[float, None, dict[str, Any]]:
    """Ablate some heads and MLPs together, then keep only them; yields the share done.

    A prediction is dated before anything is measured here; whether its author has seen the effect
    before is not known. Keeping and searching use the ablation kind of `keep_only_spec`, which the
    report names. With `greedy_too` a small set is searched that keeps `enough` of the clean run; if
    one is found, it is tested on generated variants of the prompt and then on the user's own
    variants, `own`, which must have that kind too. Raises `InputError`.
    """
    started = time.perf_counter()
    check_enough(enough)
    scorer = Scorer(model, spec)
    locked = None
    if foreseen is not None:
        locked = lock_prediction(heads, foreseen.breaks, foreseen.prob_after, looked=None)
    joint = yield from within(joint_test(scorer, heads), 0.0, 0.3)
    pairwise = None
    if 2 <= len(joint.heads) <= pairs.MOST:
        pairwise = yield from within(interactions(scorer, joint.heads), 0.3, 0.4)
    kept_spec = keep_only_spec(spec)
    keeper = scorer if kept_spec == spec else Scorer(model, kept_spec)
    kept = yield from within(keep_only(keeper, joint.heads), 0.4, 0.5)
    report: dict[str, Any] = {
        "schema": SCHEMA,
        "spec": scorer.prepared.spec.to_dict(),
        "leading_metric": scorer.metric,
        "verdict": None
        if locked is None
        else Verdict(locked, joint.baseline, joint.joint).to_dict(),
        "joint": {
            **joint.to_dict(),
            "sentences": [joint_words(joint), comparison_words(joint), redundancy_words(joint)],
        },
        "interactions": None if pairwise is None else pairwise.to_dict(),
        "keep_only": {"ablation": kept_spec.ablation.value, **kept.to_dict()},
    }
    if greedy_too:
        report |= yield from within(_search_report(model, keeper, kept_spec, own, enough), 0.5, 1.0)
    yield 1.0
    seconds = time.perf_counter() - started
    return {**report, "provenance": provenance(model, seconds).to_dict()}


def _search_report(
    model: LoadedModel,
    scorer: Scorer,
    spec: SweepSpec,
    own: Sequence[SweepSpec],
    enough: float,
) -> Generator[float, None, dict[str, Any]]:
    """Search a small set, then measure what it keeps on prompts that the search did not use."""
    work = map_steps(greedy(scorer, enough=enough), lambda search: search.fraction)
    search = yield from within(work, 0.0, 0.8)
    all_variants = (*variants(model, spec), *own)
    on_variants: Any = NO_VARIANTS if search.found else NOT_FOUND
    if search.found and all_variants:
        results = yield from within(held_out(model, spec, search.heads, all_variants), 0.8, 1.0)
        on_variants = [result.to_dict() for result in results]
    return {
        "search": {"ablation": spec.ablation.value, **search.to_dict()},
        "variants": on_variants,
    }

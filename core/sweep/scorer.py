"""Scoring: rows of interventions, each read against the clean run of one spec."""

import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from jaxtyping import Float
from torch import Tensor

from core.engine import CleanStart, Rows, run_from, start_clean
from core.engine.interventions import Intervention
from core.model.loaded import LoadedModel
from core.prompts.tokens import TokenizedAnswer, token_text
from core.results.leading import leading
from core.results.metrics import FIELDS, METRICS, changes
from core.results.result import Baseline, Effect, HeadEffect, Top
from core.results.scores import RowScores
from core.settings import settings
from core.spec.heads import Head
from core.spec.spec import SweepSpec
from core.sweep.prepare import Prepared, prepare
from core.sweep.replacements import Replacement, replacement_for
from core.sweep.scores import answer_logprob, log_probs, score

MakeRows = Callable[[TokenizedAnswer], Sequence[Intervention]]
"""The same interventions for the pass of either answer: replacements are as long as the pass."""


@dataclass(frozen=True, eq=False)
class ScoredRows:
    """Scores of some rows; `indices` says which (none: a moment to stop at, `scores` None)."""

    indices: tuple[int, ...]
    scores: RowScores | None
    fraction: float


class Scorer:
    """Scores interventions against the clean run of one spec.

    The foil shares the target's pass where one token of each is compared (`Prepared.compared`); a
    teacher-forced foil, of as many tokens as the target, has a pass of its own. `start` is the
    target's pass, `clean` its log probs (read, vocab), `baseline` the clean run's scores, `seconds`
    what the clean run took. `prepared` is the spec made ready for the model, where that has been
    done already.
    Raises `InputError` for a spec that does not fit the model.
    """

    def __init__(
        self,
        model: LoadedModel,
        spec: SweepSpec,
        memory_budget: int | None = None,
        prepared: Prepared | None = None,
    ) -> None:
        started = time.perf_counter()
        if prepared is None:
            prepared = prepare(model, spec)
        self.model, self.prepared = model, prepared
        self._budget = settings().memory_bytes if memory_budget is None else memory_budget
        self._replacements: dict[TokenizedAnswer, Replacement] | None = None
        self.start = self._begin(prepared.target)
        self._compared = prepared.compared
        self._foil: CleanStart | None = None
        if prepared.foil is not None and self._compared is None:
            self._foil = self._begin(prepared.foil)
        self.clean = log_probs(self.start.logits[None])[0]
        clean = score(self.start.logits[None], self.clean, prepared.target, self._compared)
        if self._foil is not None:
            assert prepared.foil is not None
            found = answer_logprob(log_probs(self._foil.logits[None]), prepared.foil)
            clean = replace(clean, foil_logprob=found.cpu().numpy())
        self.baseline = clean
        self.seconds = time.perf_counter() - started

    def _begin(self, answer: TokenizedAnswer) -> CleanStart:
        prepared = self.prepared
        return start_clean(self.model, prepared.sequence(answer), prepared.read(answer))

    def start_of(self, answer: TokenizedAnswer) -> CleanStart:
        """The clean run of an answer's own pass; the target's where the foil shares that."""
        own = self._foil is not None and answer == self.prepared.foil
        return self._foil if own and self._foil is not None else self.start

    @property
    def answers(self) -> tuple[TokenizedAnswer, ...]:
        """The answers that have a pass of their own: the target, and a teacher-forced foil."""
        foil = () if self._foil is None or self.prepared.foil is None else (self.prepared.foil,)
        return (self.prepared.target, *foil)

    def scores_of(
        self, logits: Mapping[TokenizedAnswer, Float[Tensor, "row read vocab"]]
    ) -> RowScores:
        """Scores of rows that were run elsewhere: their logits in the pass of each of `answers`."""
        target, foil = self.prepared.target, self.prepared.foil
        scores = score(logits[target], self.clean, target, self._compared)
        if foil is None or self._foil is None:
            return scores
        logprob = answer_logprob(log_probs(logits[foil]), foil)
        return replace(scores, foil_logprob=logprob.cpu().numpy())

    @property
    def metric(self) -> str:
        """The field of the leading metric, in which effects may be added: see `leading`."""
        return leading(has_foil=self.prepared.foil is not None).field

    def replacements(self) -> Generator[float, None, dict[TokenizedAnswer, Replacement]]:
        """What the spec's kind puts in place in each answer's own pass; yields the share done.

        Measured once.
        """
        if self._replacements is None:
            found = {}
            for answer in self.answers:
                found[answer] = yield from replacement_for(self.model, self.prepared, answer)
            self._replacements = found
        return self._replacements

    def rows(self, make: MakeRows) -> Iterator[ScoredRows]:
        """Score interventions, in chunks as the engine finishes them."""
        prepared = self.prepared
        interventions = make(prepared.target)
        foils = None
        if prepared.foil is not None and self._foil is not None:
            foils = make(prepared.foil)
        for rows in run_from(self.start, interventions, self._budget):
            if not rows.indices:
                yield ScoredRows((), None, rows.fraction)
                continue
            scores = score(rows.logits, self.clean, prepared.target, self._compared)
            if foils is not None:
                found = yield from self._foil_logprob(foils, rows)
                scores = replace(scores, foil_logprob=found)
            yield ScoredRows(rows.indices, scores, rows.fraction)

    def logits_of(self, interventions: Sequence[Intervention]) -> Iterator[Rows]:
        """The logits of interventions in the target's pass, in chunks as they are finished."""
        return run_from(self.start, interventions, self._budget)

    def _foil_logprob(
        self, interventions: Sequence[Intervention], of: Rows
    ) -> Generator[ScoredRows, None, np.ndarray]:
        """The foil's log prob in each of some rows; every step is a moment to stop at."""
        foil, start = self.prepared.foil, self._foil
        assert foil is not None
        assert start is not None
        found = np.empty(len(of.indices))
        chosen = [interventions[i] for i in of.indices]
        for rows in run_from(start, chosen, self._budget):
            if not rows.indices:
                yield ScoredRows((), None, of.fraction)
            else:
                logprob = answer_logprob(log_probs(rows.logits), foil)
                found[list(rows.indices)] = logprob.cpu().numpy()
        return found


def effect(model: LoadedModel, scores: RowScores, row: int, clean: RowScores) -> Effect:
    """One row's metrics and their changes from the clean run."""
    return Effect(**_numbers(model, scores, row, changes(scores, clean)))


def head_effects(
    model: LoadedModel,
    rows: ScoredRows,
    clean: RowScores,
    heads: Sequence[Head],
) -> Iterator[HeadEffect]:
    """One `HeadEffect` a row, where intervention i is on `heads[i]`."""
    if rows.scores is None:
        return
    changed = changes(rows.scores, clean)
    for row, index in enumerate(rows.indices):
        head = heads[index]
        numbers = _numbers(model, rows.scores, row, changed)
        yield HeadEffect(layer=head.layer, head=head.head, **numbers)


def baseline_of(model: LoadedModel, clean: RowScores) -> Baseline:
    """The clean run's own numbers."""
    own = {field.name for field in fields(Baseline)}
    read = {metric.name: metric.read(clean) for metric in METRICS if metric.name in own}
    levels: dict[str, Any] = {
        name: None if found is None else float(found[0]) for name, found in read.items()
    }
    return Baseline(
        **levels,
        rank=int(clean.rank[0]),
        top=top_of(model, clean, 0),
        token_probs=tuple(float(p) for p in np.exp(clean.token_logprob[0])),
    )


def top_of(model: LoadedModel, scores: RowScores, row: int) -> Top:
    """A row's most probable next tokens, as text."""
    pairs = zip(scores.top_ids[row], scores.top_probs[row], strict=True)
    return tuple((token_text(model.tokenizer, int(i)), float(p)) for i, p in pairs)


def _numbers(
    model: LoadedModel, scores: RowScores, row: int, changed: Mapping[str, np.ndarray]
) -> dict[str, Any]:
    """The fields of an `Effect`."""
    return {
        "prob": float(np.exp(scores.logprob[row])),
        **{field: float(changed[field][row]) if field in changed else None for field in FIELDS},
        "rank": int(scores.rank[row]),
        "top": top_of(model, scores, row),
    }

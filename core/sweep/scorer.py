"""Scoring: rows of interventions, each read against the clean run of one spec."""

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from jaxtyping import Float

from core.engine import Rows, Start, begin, run_from
from core.engine.interventions import Intervention
from core.model.loaded import LoadedModel
from core.prompts.tokens import TokenizedAnswer, token_text
from core.results.result import Baseline, Effect, HeadEffect, Top
from core.settings import settings
from core.spec.ablation import AblationKind
from core.spec.heads import Head
from core.spec.spec import SweepSpec
from core.sweep.prepare import Prepared, prepare
from core.sweep.replacements import Replacement, from_corrupted, from_reference
from core.sweep.scores import RowScores, answer_logprob, log_probs, score

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

    The foil shares the target's pass where both are read at the prompt's last position; a
    teacher-forced foil has a pass of its own. `start` is the target's pass, `clean` its log
    probs (read, vocab), `baseline` the clean run's scores, `seconds` what the clean run took.
    `prepared` is the spec made ready for the model, where that has been done already.
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
        self._same_pass = prepared.foil if prepared.foil_in_same_pass else None
        self._foil: Start | None = None
        if prepared.foil is not None and self._same_pass is None:
            self._foil = self._begin(prepared.foil)
        self.clean = log_probs(self.start.logits[None])[0]
        clean = score(self.start.logits[None], self.clean, prepared.target, self._same_pass)
        if self._foil is not None:
            assert prepared.foil is not None
            found = answer_logprob(log_probs(self._foil.logits[None]), prepared.foil)
            clean = replace(clean, foil_logprob=found.cpu().numpy())
        self.baseline = clean
        self.seconds = time.perf_counter() - started

    def _begin(self, answer: TokenizedAnswer) -> Start:
        prepared = self.prepared
        return begin(self.model, prepared.sequence(answer), prepared.read(answer))

    def _replacement(self, answer: TokenizedAnswer) -> Generator[float, None, Replacement]:
        """What the spec's kind puts in place in the pass of `answer`; yields the share done."""
        prepared, spec = self.prepared, self.prepared.spec
        if spec.ablation is AblationKind.MEAN:
            assert spec.reference is not None
            assert spec.prepend_bos is not None
            n_pos = len(prepared.sequence(answer))
            return (
                yield from from_reference(
                    self.model,
                    spec.reference,
                    prepared.positions,
                    n_pos,
                    prepend_bos=spec.prepend_bos,
                )
            )
        if spec.ablation is AblationKind.RESAMPLE:
            corrupted = prepared.corrupted_sequence(answer).to(self.model.device)
            clean = prepared.sequence(answer).to(self.model.device)
            return from_corrupted(self.model, clean, corrupted, prepared.positions)
        return Replacement(spec.ablation, prepared.positions)

    @property
    def metric(self) -> str:
        """The metric in which effects may be added: logits or nats, never probability."""
        return "logprob_change" if self.prepared.foil is None else "logit_diff_change"

    def replacements(self) -> Generator[float, None, dict[TokenizedAnswer, Replacement]]:
        """What the spec's kind puts in place in each answer's own pass; yields the share done.

        Measured once.
        """
        if self._replacements is None:
            answers = [self.prepared.target]
            if self._foil is not None:
                assert self.prepared.foil is not None
                answers.append(self.prepared.foil)
            found = {}
            for answer in answers:
                found[answer] = yield from self._replacement(answer)
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
            scores = score(rows.logits, self.clean, prepared.target, self._same_pass)
            if foils is not None:
                found = yield from self._foil_logprob(foils, rows)
                scores = replace(scores, foil_logprob=found)
            yield ScoredRows(rows.indices, scores, rows.fraction)

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
    return Effect(**_metrics(model, scores, row, clean))


def changes(
    scores: RowScores, clean: RowScores, rows: slice = slice(None)
) -> dict[str, Float[np.ndarray, " row"]]:
    """The metrics' changes in some rows, by name; no `logit_diff_change` without a foil."""
    logprob = scores.logprob[rows]
    found = {
        "prob_change": np.exp(logprob) - np.exp(clean.logprob),
        "logprob_change": logprob - clean.logprob,
        "logodds_change": scores.logodds[rows] - clean.logodds,
        "kl": scores.kl[rows],
    }
    if scores.foil_logprob is not None and clean.foil_logprob is not None:
        before = clean.logprob - clean.foil_logprob
        found["logit_diff_change"] = (logprob - scores.foil_logprob[rows]) - before
    return found


def head_effects(
    model: LoadedModel,
    rows: ScoredRows,
    clean: RowScores,
    heads: Sequence[Head],
) -> Iterator[HeadEffect]:
    """One `HeadEffect` a row, where intervention i is on `heads[i]`."""
    for row, index in enumerate(rows.indices):
        assert rows.scores is not None
        head = heads[index]
        metrics = _metrics(model, rows.scores, row, clean)
        yield HeadEffect(layer=head.layer, head=head.head, **metrics)


def baseline_of(model: LoadedModel, clean: RowScores) -> Baseline:
    """The clean run's own numbers."""
    return Baseline(
        prob=float(np.exp(clean.logprob[0])),
        logprob=float(clean.logprob[0]),
        rank=int(clean.rank[0]),
        logit_diff=_logit_diff(clean, 0),
        top=top_of(model, clean, 0),
        token_probs=tuple(float(p) for p in np.exp(clean.token_logprob[0])),
    )


def top_of(model: LoadedModel, scores: RowScores, row: int) -> Top:
    """A row's most probable next tokens, as text."""
    pairs = zip(scores.top_ids[row], scores.top_probs[row], strict=True)
    return tuple((token_text(model.tokenizer, int(i)), float(p)) for i, p in pairs)


def _metrics(model: LoadedModel, scores: RowScores, row: int, clean: RowScores) -> dict[str, Any]:
    changed = changes(scores, clean, slice(row, row + 1))
    return {
        "prob": float(np.exp(scores.logprob[row])),
        "logit_diff_change": None,
        **{name: float(value[0]) for name, value in changed.items()},
        "rank": int(scores.rank[row]),
        "top": top_of(model, scores, row),
    }


def _logit_diff(scores: RowScores, row: int) -> float | None:
    if scores.foil_logprob is None:
        return None
    return float(scores.logprob[row] - scores.foil_logprob[row])

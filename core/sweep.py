"""The head sweep: ablate every head in turn and score what the answer loses.

`SweepSpec` only generates the list of single-head interventions; scoring works for any list.
"""

import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from core import catalogue
from core import tokens as tk
from core.engine import run
from core.errors import InputError
from core.heads import Head
from core.interventions import Intervention, chosen_positions, single_heads
from core.metrics import RowScores, answer_logprob, log_probs, score
from core.model import LoadedModel
from core.results import Baseline, HeadEffect, Provenance, SweepResult, Top
from core.spec import SweepSpec


@dataclass(frozen=True)
class Prepared:
    """A spec resolved for one model: ids of the prompt, the target and the foil."""

    spec: SweepSpec
    prompt: tk.TokenizedPrompt
    target: tk.TokenizedAnswer
    foil: tk.TokenizedAnswer | None
    positions: tuple[int, ...] | None

    def sequence(self, answer: tk.TokenizedAnswer) -> Int[Tensor, " pos"]:
        """The prompt followed by the answer, teacher-forced: without its last token."""
        return torch.tensor([*self.prompt.ids, *answer.sequence[:-1]])

    def read(self, answer: tk.TokenizedAnswer) -> tuple[int, ...]:
        """The positions whose logits predict the answer's tokens."""
        last = len(self.prompt) - 1
        return tuple(range(last, last + len(answer.sequence)))


@dataclass(frozen=True, eq=False)
class ScoredRows:
    """Scores of some rows; `indices` says which. `foil_logprob` is (row,) or None."""

    indices: tuple[int, ...]
    scores: RowScores
    foil_logprob: np.ndarray | None


def prepare(model: LoadedModel, spec: SweepSpec) -> Prepared:
    """Tokenise a spec for a model and check that it fits; raises `InputError`."""
    if catalogue.canonical(spec.model) != model.name:
        raise InputError(
            "model", f"The spec asks for the model {spec.model!r}, loaded is {model.name!r}."
        )
    for name in ("weights", "dtype"):
        asked, has = getattr(spec, name), getattr(model, name)
        if asked != has:
            raise InputError(
                name, f"The spec asks for {name} {asked!r}, the loaded model has {has!r}."
            )
    bos = model.default_prepend_bos if spec.prepend_bos is None else spec.prepend_bos
    prompt = tk.tokenize_prompt(model.tokenizer, spec.prompt, prepend_bos=bos)
    target = tk.tokenize_answer(model.tokenizer, spec.target, "target")
    foil = None if spec.foil is None else tk.tokenize_answer(model.tokenizer, spec.foil, "foil")
    if foil is not None and set(foil.options) == set(target.options):
        raise InputError(
            "foil",
            "The foil is the same tokens as the target, so their difference is always 0. Choose "
            "another token.",
        )
    longer_foil = foil is not None and len(foil.sequence) > len(target.sequence)
    longest, field = (foil, "foil") if foil is not None and longer_foil else (target, "target")
    tk.check_fit(spec, len(prompt), len(longest.sequence), model.n_ctx, field)
    positions = chosen_positions(spec.positions, len(prompt))
    return Prepared(spec.resolved(prepend_bos=bos), prompt, target, foil, positions)


class Scorer:
    """Scores interventions against the clean run of one prepared spec.

    The foil shares the target's pass where both are read at the prompt's last position; a
    teacher-forced foil has a pass of its own.
    """

    def __init__(self, model: LoadedModel, prepared: Prepared) -> None:
        self._model, self._prepared = model, prepared
        target = prepared.target
        self._tokens, self._read = prepared.sequence(target), prepared.read(target)
        first = next(run(model, self._tokens, [()], self._read))
        self._clean = log_probs(first.logits)[0]
        self.baseline = ScoredRows(
            (0,), score(first.logits, self._clean, target), self._foil([()], (0,), first.logits)
        )

    def rows(self, interventions: Sequence[Intervention]) -> Iterator[ScoredRows]:
        """Score `interventions`, in chunks as the engine finishes them."""
        for rows in run(self._model, self._tokens, interventions, self._read):
            scores = score(rows.logits, self._clean, self._prepared.target)
            yield ScoredRows(
                rows.indices, scores, self._foil(interventions, rows.indices, rows.logits)
            )

    def _foil(
        self,
        interventions: Sequence[Intervention],
        indices: tuple[int, ...],
        logits: Float[Tensor, "row read vocab"],
    ) -> np.ndarray | None:
        foil = self._prepared.foil
        if foil is None:
            return None
        if len(foil.sequence) == 1:  # read at the prompt's last position, which this pass has
            return answer_logprob(log_probs(logits[:, :1]), foil).cpu().numpy()
        found = np.empty(len(indices))
        chosen = [interventions[i] for i in indices]
        sequence, read = self._prepared.sequence(foil), self._prepared.read(foil)
        for rows in run(self._model, sequence, chosen, read):
            found[list(rows.indices)] = answer_logprob(log_probs(rows.logits), foil).cpu().numpy()
        return found


def iter_sweep(model: LoadedModel, spec: SweepSpec) -> Iterator[SweepResult]:
    """Sweep every head, yielding the result so far after each chunk: stop whenever you like.

    The first has the baseline and no heads, the last is complete. Raises `InputError` for a spec
    that does not fit the model.
    """
    started = time.perf_counter()
    prepared = prepare(model, spec)
    scorer = Scorer(model, prepared)
    baseline = _baseline(model, scorer.baseline)
    interventions = single_heads(
        model.n_layers, model.n_heads, prepared.spec.ablation, prepared.positions
    )
    effects: dict[Head, HeadEffect] = {}

    def so_far() -> SweepResult:
        return SweepResult(
            spec=prepared.spec,
            shape=(model.n_layers, model.n_heads),
            tokens=prepared.prompt.texts,
            special=prepared.prompt.special,
            target_tokens=prepared.target.texts,
            foil_tokens=() if prepared.foil is None else prepared.foil.texts,
            baseline=baseline,
            heads=tuple(effects[head] for head in sorted(effects)),
            provenance=_provenance(model, time.perf_counter() - started),
        )

    yield so_far()
    for rows in scorer.rows(interventions):
        for effect in effects_of(model, rows, scorer.baseline, interventions):
            effects[effect.address] = effect
        yield so_far()


def run_sweep(model: LoadedModel, spec: SweepSpec) -> SweepResult:
    """Sweep every head and return the finished result."""
    return deque(iter_sweep(model, spec), maxlen=1).pop()


def effects_of(
    model: LoadedModel,
    rows: ScoredRows,
    baseline: ScoredRows,
    interventions: Sequence[Intervention],
) -> Iterator[HeadEffect]:
    """One `HeadEffect` a row, for interventions on single heads."""
    clean, scores = baseline.scores, rows.scores
    for row, index in enumerate(rows.indices):
        head = interventions[index][0].head
        prob, clean_prob = float(np.exp(scores.logprob[row])), float(np.exp(clean.logprob[0]))
        yield HeadEffect(
            layer=head.layer,
            head=head.head,
            prob=prob,
            prob_change=prob - clean_prob,
            logprob_change=float(scores.logprob[row] - clean.logprob[0]),
            logodds_change=float(scores.logodds[row] - clean.logodds[0]),
            logit_diff_change=_change(_logit_diff(rows, row), _logit_diff(baseline, 0)),
            kl=float(scores.kl[row]),
            rank=int(scores.rank[row]),
            top=_top(model, scores, row),
        )


def predict(model: LoadedModel, prompt: tk.TokenizedPrompt) -> Top:
    """The model's own most probable next tokens after a prompt."""
    if len(prompt) > model.n_ctx:
        raise InputError(
            "prompt",
            f"The prompt has {len(prompt):,} tokens; {model.name} reads at most {model.n_ctx:,}. "
            "Shorten the prompt or choose a model with a longer context.",
        )
    nothing = tk.TokenizedAnswer(((prompt.ids[-1],),), ("",))
    rows = next(run(model, torch.tensor(prompt.ids), [()], (len(prompt) - 1,)))
    return _top(model, score(rows.logits, log_probs(rows.logits)[0], nothing), 0)


def _baseline(model: LoadedModel, rows: ScoredRows) -> Baseline:
    scores = rows.scores
    return Baseline(
        prob=float(np.exp(scores.logprob[0])),
        logprob=float(scores.logprob[0]),
        rank=int(scores.rank[0]),
        logit_diff=_logit_diff(rows, 0),
        top=_top(model, scores, 0),
        token_probs=tuple(float(p) for p in np.exp(scores.token_logprob[0])),
    )


def _logit_diff(rows: ScoredRows, row: int) -> float | None:
    if rows.foil_logprob is None:
        return None
    return float(rows.scores.logprob[row] - rows.foil_logprob[row])


def _change(after: float | None, before: float | None) -> float | None:
    return None if after is None or before is None else after - before


def _top(model: LoadedModel, scores: RowScores, row: int) -> Top:
    pairs = zip(scores.top_ids[row], scores.top_probs[row], strict=True)
    return tuple((tk.token_text(model.tokenizer, int(i)), float(p)) for i, p in pairs)


def _provenance(model: LoadedModel, seconds: float) -> Provenance:
    return Provenance(
        headsweep=version("headsweep"),
        transformer_lens=version("transformer_lens"),
        torch=str(torch.__version__),
        model_fingerprint=model.fingerprint,
        device=model.device,
        dtype=model.dtype,
        seconds=round(seconds, 4),
    )

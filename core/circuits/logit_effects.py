"""One head's effect on the next token: the predictions with it ablated, and its own logits."""

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

from jaxtyping import Float
from torch import Tensor

from core.circuits.logit_attribution import AnswerAttribution, measure_logit_attribution
from core.circuits.ov import OvCircuit, measure_ov_circuit
from core.engine import run_from
from core.errors import UnavailableError
from core.progress import run_to_end, within
from core.prompts.tokens import token_text
from core.spec.heads import Head
from core.sweep.scorer import Scorer
from core.sweep.scores import log_probs

SHOWN = 4
"""How many tokens of each sort: most likely before, largest gain, largest loss."""


@dataclass(frozen=True)
class TokenProbability:
    """The probability of one next token before and after the ablation, as fractions."""

    text: str
    before: float
    after: float

    @property
    def change(self) -> float:
        """After minus before."""
        return self.after - self.before


@dataclass(frozen=True, eq=False)
class LogitEffects:
    """The effect of ablating one head on the next token, and what the head itself adds.

    `predictions` contain the most likely tokens of the clean run, the first tokens of target and
    foil, and the tokens with the largest gain and loss; they are sorted by change, the largest loss
    first. `attribution` and `ov_circuit` are None if the parts of the model cannot be read one by
    one; `unavailable` then says why.
    """

    head: Head
    predictions: tuple[TokenProbability, ...]
    attribution: AnswerAttribution | None
    ov_circuit: OvCircuit | None
    unavailable: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types: probabilities as fractions, attribution in nats (logits)."""
        report: dict[str, Any] = {
            "predictions": [[p.text, p.before, p.after] for p in self.predictions]
        }
        if self.attribution is not None:
            by = self.attribution
            report["direct_logit_attribution"] = {
                "metric": by.difference.metric,
                "target": float(by.target.heads[self.head]),
                "foil": None if by.foil is None else float(by.foil.heads[self.head]),
                "difference": float(by.difference.heads[self.head]),
                "total": by.difference.total,
                "against": by.difference.against,
            }
        if self.ov_circuit is not None:
            report["ov_circuit"] = self.ov_circuit.to_dict()
        if self.unavailable:
            report["unavailable"] = self.unavailable
        return report


def logit_effects(scorer: Scorer, head: Head) -> LogitEffects:
    """`measure_logit_effects`, run to its end."""
    return run_to_end(measure_logit_effects(scorer, head))


def measure_logit_effects(scorer: Scorer, head: Head) -> Generator[float, None, LogitEffects]:
    """Measure one head's effect on the next token; yields the share done."""
    predictions = yield from within(_predictions(scorer, head), 0.0, 0.3)
    try:
        attribution = yield from within(measure_attribution(scorer), 0.3, 0.6)
        ov_circuit = yield from within(measure_ov_circuit(scorer.start, head), 0.6, 1.0)
    except UnavailableError as error:
        return LogitEffects(head, predictions, None, None, str(error))
    return LogitEffects(head, predictions, attribution, ov_circuit)


def measure_attribution(scorer: Scorer) -> Generator[float, None, AnswerAttribution]:
    """Direct logit attribution of every head in the clean run; yields the share done.

    Raises `UnavailableError`.
    """
    return (yield from measure_logit_attribution(scorer.model, scorer.prepared))


def _predictions(
    scorer: Scorer, head: Head
) -> Generator[float, None, tuple[TokenProbability, ...]]:
    before, after = yield from next_token(scorer, head)
    count = min(SHOWN, len(before))
    change = after - before
    ids = {
        *before.topk(count).indices.tolist(),
        *change.topk(count).indices.tolist(),
        *change.topk(count, largest=False).indices.tolist(),
        *(option[0] for option in scorer.prepared.target.options[:SHOWN]),
    }
    if scorer.prepared.foil is not None:
        ids |= {option[0] for option in scorer.prepared.foil.options[:SHOWN]}
    return tuple(
        TokenProbability(token_text(scorer.model.tokenizer, i), float(before[i]), float(after[i]))
        for i in sorted(ids, key=lambda i: (float(change[i]), i))
    )


def next_token(
    scorer: Scorer, head: Head
) -> Generator[float, None, tuple[Float[Tensor, " vocab"], Float[Tensor, " vocab"]]]:
    """Next-token probabilities before and after the ablation of a head.

    They are read at the position that predicts the answer's first token. Yields the share done.
    """
    replacements = yield from within(scorer.replacements(), 0.0, 0.5)
    edit = replacements[scorer.prepared.target].edit(head)
    ablated = None
    for rows in run_from(scorer.start, [(edit,)]):
        if rows.indices:
            ablated = log_probs(rows.logits)[0, 0].exp().cpu()
        yield 0.5 + rows.fraction / 2
    assert ablated is not None
    return scorer.clean[0].exp().cpu(), ablated

"""The logits of target and foil with only some heads kept, as the model has them."""

from collections.abc import Generator, Sequence
from dataclasses import asdict, dataclass

from core.hypotheses.joint_effects import others_of
from core.progress import constant_steps
from core.prompts.apart import parted
from core.spec.heads import Head
from core.sweep.prepare import Prepared
from core.sweep.scorer import Scorer


@dataclass(frozen=True)
class AnswerLogits:
    """Logits of one run, in nats; a set's is the log of the sum of its members' exponentials.

    Of answers of several tokens it is that of the tokens at which target and foil part, or without
    a foil of the target's first. `log_sum` is the log of the sum over the vocabulary where the
    answer's first token is read: a token's log prob plus `log_sum` is its logit there.
    """

    target: float
    foil: float | None
    log_sum: float

    def to_dict(self) -> dict[str, float | None]:
        """Plain JSON types."""
        return asdict(self)


def answer_logits(scorer: Scorer, kept: Sequence[Head]) -> Generator[float, None, AnswerLogits]:
    """Keep some heads alone and read the logits; yields the share done."""
    prepared = scorer.prepared
    replacements = yield from constant_steps(scorer.replacements(), 0.0)
    of_target = replacements[prepared.target]
    gone = tuple(of_target.edit(head) for head in others_of(scorer, kept))
    read = None
    for rows in scorer.logits_of([gone]):
        if rows.indices:
            read = rows.logits[0].float().cpu()
        yield rows.fraction
    assert read is not None

    def logit(at: int, ids: list[int]) -> float:
        return float(read[at, ids].logsumexp(0))

    (target_at, target_ids), foil = _read(prepared)
    return AnswerLogits(
        target=logit(target_at, target_ids),
        foil=None if foil is None else logit(*foil),
        log_sum=float(read[0].logsumexp(0)),
    )


_Read = tuple[int, list[int]]
"""The position among those read, and the ids whose logit is read there."""


def _read(prepared: Prepared) -> tuple[_Read, _Read | None]:
    target, foil = prepared.target, prepared.foil
    if foil is not None:
        target, foil = prepared.compared or parted(target, foil)
    found = [(each.at, [option[0] for option in each.options]) for each in (target, foil) if each]
    return found[0], (found[1] if len(found) > 1 else None)

"""The two measures of path patching: the receiver's attention, and the answer."""

from collections.abc import Generator, Mapping

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from core.circuits.answer_directions import passes
from core.circuits.logit_attribution import AnswerDirections
from core.circuits.receiver import INPUTS, Receiver
from core.circuits.residual_stream import head_weights, read_stream
from core.engine.interventions import Edit, Intervention, Values
from core.model.frozen_norms import frozen
from core.prompts.tokens import TokenizedAnswer
from core.results.metrics import changes
from core.spec.heads import Head
from core.sweep.replacements import Replacement
from core.sweep.scorer import Scorer

Streams = Float[Tensor, "sender pos d_model"]
"""The residual stream that the receiver reads, by sender."""


class AttentionMeasure:
    """How far a patched input moves the receiver's attention, and what it adds directly.

    `row` is its attention from the query position to every key, in the clean run.
    """

    @torch.inference_mode()
    def __init__(self, scorer: Scorer, head: Head, query: int) -> None:
        self._receiver, self._query = Receiver(scorer.start, head), query
        q, k, _ = self._receiver.clean
        self.row = self._receiver.attention(q, k, [query])[0, 0]
        clean = scorer.start.clean
        assert clean is not None
        self._prepare_answer(scorer, head, clean.z[head.layer][0])

    def _prepare_answer(
        self, scorer: Scorer, head: Head, z: Float[Tensor, "pos head d_head"]
    ) -> None:
        """Keep what is needed to read the head's direct effect on the answer, norms frozen."""
        model, prepared = scorer.model, scorer.prepared
        stream = read_stream(model, scorer.start.tokens)
        self._directions = AnswerDirections(model, prepared, passes(prepared)[0], stream)
        read, block = self._directions.read, self._receiver.block
        q, k, _ = self._receiver.clean
        self._answer_attention = self._receiver.attention(q, k, read)[0]
        self._w_o = head_weights(block, model.n_heads)[head.head].float()
        self._out_norm = frozen(block.lens.out_norm, block.lens.out(z[read].flatten(-2)))

    @torch.inference_mode()
    def changes(self, streams: Streams, key: int) -> Float[np.ndarray, "way sender"]:
        """The changes by query, by key and by value, if only that input is that of `streams`."""
        receiver = self._receiver
        clean_q, clean_k, clean_v = receiver.clean
        q, k, v = receiver.inputs(streams)
        by_query = receiver.attention(q, clean_k, [self._query])
        by_key = receiver.attention(clean_q, k, [self._query])
        z_change = self._answer_attention @ (v.float() - clean_v.float())
        writes = self._out_norm(z_change @ self._w_o)
        by_value = [self._directions.along(write) for write in writes]
        weights = torch.stack([by_query[:, 0, key], by_key[:, 0, key]]) - self.row[key]
        return np.stack([*weights.cpu().double().numpy(), np.array(by_value)])


class AnswerMeasure:
    """How far a patched input moves the answer: everything after the receiver is recomputed.

    `heads` are those that read the patched keys or values; queries are the receiver's own.
    """

    def __init__(self, scorer: Scorer, head: Head, heads: tuple[Head, ...]) -> None:
        self._scorer, self._head, self._heads = scorer, head, heads

    def changes(
        self,
        streams: Mapping[TokenizedAnswer, Streams],
        replacements: Mapping[TokenizedAnswer, Replacement],
    ) -> Generator[float, None, Float[np.ndarray, "way sender"]]:
        """The change of the leading metric by query, by key and by value; yields the share done."""
        scorer = self._scorer
        n_senders = len(streams[scorer.prepared.target])

        def rows(answer: TokenizedAnswer) -> list[Intervention]:
            return self._rows(answer, streams[answer], replacements[answer].positions)

        found = np.full(len(INPUTS) * n_senders, np.nan)
        for scored in scorer.rows(rows):
            if scored.scores is not None:
                moved = changes(scored.scores, scorer.baseline)[scorer.metric]
                found[list(scored.indices)] = moved
            yield scored.fraction
        return found.reshape(len(INPUTS), n_senders)

    def _rows(
        self, answer: TokenizedAnswer, streams: Streams, ablated: tuple[int, ...] | None
    ) -> list[Intervention]:
        receiver = Receiver(self._scorer.start_of(answer), self._head)
        n_pos = streams.shape[1]
        # By causality nothing differs before the first position at which a sender is ablated.
        first = 0 if ablated is None else min(ablated, default=n_pos)
        where = None if first == 0 else tuple(range(first, n_pos))
        rows: list[Intervention] = []
        for through in INPUTS:
            heads = (self._head,) if through == "query" else self._heads
            new = {head: receiver.z(through, streams, head) for head in heads}
            rows += [
                tuple(Edit(head, Values(z[sender]), where) for head, z in new.items())
                for sender in range(len(streams))
            ]
        return rows

"""The growing pass: each row joins the batch in the first layer that its intervention changes.

Before that layer a row equals the clean run. By causality it also equals the clean run at all
positions before its first changed one. Neither is computed again: rows hold only the later
positions, and attend to the clean keys and values before them. A row joins at z, with the clean z
and its edits. The last block is run at the answer's positions only. The method is exact: it
computes the same numbers as a full pass with a hook.
"""

from collections.abc import Generator, Sequence
from functools import partial
from itertools import accumulate

import torch
from jaxtyping import Float, Int
from torch import Tensor

from core.engine.clean import CleanRun
from core.engine.edits import Edits, first_layer
from core.engine.interventions import Intervention
from core.model.attention import attend
from core.model.stack import Block, Rotary, Stack, finish_block


def grow(
    stack: Stack,
    clean: CleanRun,
    interventions: Sequence[Intervention],
    start: int,
    read: Int[Tensor, " read"],
    value_shift: Float[Tensor, "layer head d_head"],
) -> Generator[float, None, Float[Tensor, "row read vocab"]]:
    """Run rows whose first changed position is `start` or later; return the logits at `read`.

    `interventions` must be sorted by the first layer that they change. Yields the share of the work
    done after every block, so that the caller may stop there.
    """
    rows = _Rows(stack, clean, interventions, start, read, value_shift)
    layers = range(rows.enters[0], len(stack.blocks))
    work = list(accumulate(sum(enter <= layer for enter in rows.enters) for layer in layers))
    for layer, done in zip(layers, work, strict=True):
        rows.step(layer)
        yield done / work[-1]
    return rows.logits()


class _Rows:
    """The batch of one growing pass; nothing else uses it."""

    def __init__(
        self,
        stack: Stack,
        clean: CleanRun,
        interventions: Sequence[Intervention],
        start: int,
        read: Int[Tensor, " read"],
        value_shift: Float[Tensor, "layer head d_head"],
    ) -> None:
        n_pos = clean.resid_pre[0].shape[1]
        self._stack, self._clean, self._start = stack, clean, start
        self._positions = torch.arange(start, n_pos, device=read.device)
        self._rotary: Rotary = tuple(part[:, start:] for part in clean.rotary)
        # Logits at positions before the first change are those of the clean run.
        self._read, self._own = read, read >= start
        self._edits = Edits(interventions, value_shift, n_pos)
        self.enters = [first_layer(intervention) for intervention in interventions]
        self._count = 0
        like = clean.resid_pre[0]
        self._resid = torch.empty(
            (len(interventions), n_pos - start, like.shape[2]), dtype=like.dtype, device=like.device
        )

    @torch.inference_mode()
    def step(self, layer: int) -> None:
        """Run one block for all rows; rows that join in this layer start at its z."""
        block, clean = self._stack.blocks[layer], self._clean.resid_pre[layer][:, self._start :]
        last = layer == len(self._stack.blocks) - 1
        where = self._read[self._own] - self._start if last else slice(None)
        positions = self._positions[where]
        n_old, n_new = self._count, self.enters.count(layer)
        z = []
        if n_old:
            running = self._running_z(layer, block, where, positions)
            z.append(self._edits.apply(layer, running, positions))
        if n_new:
            entering = self._clean.z[layer][:, positions].expand(n_new, -1, -1, -1)
            z.append(self._edits.apply(layer, entering, positions, n_old))
            self._resid[n_old : n_old + n_new] = clean
            self._count += n_new
        resid = self._resid[: self._count, where]
        edit_mlp = partial(self._edits.apply_mlp, layer, positions=positions)
        after = finish_block(block, resid, torch.cat(z), Tensor.add_, edit_mlp)
        if last:
            self._resid = after
        elif after.data_ptr() != self._resid.data_ptr():
            self._resid[: self._count] = after

    def _running_z(
        self,
        layer: int,
        block: Block,
        where: Int[Tensor, " query"] | slice,
        positions: Int[Tensor, " query"],
    ) -> Float[Tensor, "row query head d_head"]:
        q, k, v = block.qkv(self._resid[: self._count], self._rotary)
        shared = self._clean.shared(layer, self._start)
        return attend(q[:, :, where], k, v, positions, block.scoring, shared)

    @torch.inference_mode()
    def logits(self) -> Float[Tensor, "row read vocab"]:
        """Logits at every position read; those of the clean run before the first change."""
        logits = self._clean.logits.expand(len(self.enters), -1, -1)
        own = self._stack.unembed(self._resid)
        if bool(self._own.all()):
            return own
        logits = logits.clone()
        logits[:, self._own] = own
        return logits

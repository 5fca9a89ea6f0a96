"""What every head does about the answer's earlier occurrences in the prompt.

Attention from where the answer is predicted to where its first token stands, and the copying there:
the logit that the head's OV circuit would add to that token (Wang et al. 2022, arXiv:2211.00593,
section 3). Both are read from the clean run.
"""

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from core.circuits.attention import head_attention
from core.circuits.residual_stream import additive_stack, head_weights
from core.engine import CleanStart
from core.errors import UnavailableError
from core.model.attention import pattern
from core.model.frozen_norms import frozen
from core.model.products import weight_of
from core.model.stack import Block
from core.prompts.tokens import TokenizedAnswer
from core.spec.heads import Head
from core.sweep.scorer import Scorer

_COPYING = "copying-"


@dataclass(frozen=True)
class Occurrences:
    """Positions in the prompt at which an answer's first token stands, and its id at each."""

    positions: tuple[int, ...]
    ids: tuple[int, ...]


def occurrences(start: CleanStart, answer: TokenizedAnswer) -> Occurrences:
    """Where an answer's first token, or any token of an answer set, stands in the prompt.

    The position that predicts the answer counts too: a head can attend to it.
    """
    firsts = {option[0] for option in answer.options}
    tokens = start.tokens[: start.read[0] + 1].tolist()
    places = [(position, token) for position, token in enumerate(tokens) if token in firsts]
    return Occurrences(tuple(p for p, _ in places), tuple(t for _, t in places))


def measure_at_occurrences(
    scorer: Scorer, names: Sequence[str]
) -> Generator[float, None, Mapping[str, Float[np.ndarray, "layer head"] | str]]:
    """Columns by name ("attention-to-target", "copying-foil"): values, or why there are none.

    Yields the share done.
    """
    answers = {"target": scorer.prepared.target, "foil": scorer.prepared.foil}
    weights: Float[np.ndarray, "layer head key"] | None = None
    found: dict[str, np.ndarray | str] = {}
    for number, name in enumerate(names):
        which = name.rpartition("-")[2]
        answer = answers[which]
        places = None if answer is None else occurrences(scorer.start, answer)
        if places is None:
            found[name] = "There is no foil: give one for this column."
        elif not places.positions:
            found[name] = (
                f"The {which}'s first token is not in the prompt, so nothing attends to it."
            )
        elif name.startswith(_COPYING):
            try:
                found[name] = copying_at(scorer.start, places)
            except UnavailableError as error:
                found[name] = str(error)
        else:
            weights = attention_from_answer(scorer.start) if weights is None else weights
            found[name] = weights[:, :, list(places.positions)].sum(-1)
        yield (number + 1) / len(names)
    return found


@torch.inference_mode()
def attention_from_answer(start: CleanStart) -> Float[np.ndarray, "layer head key"]:
    """The attention weights of every head from the position that predicts the answer."""
    model, at = start.model, start.read[0]
    if model.stack is None or start.clean is None:
        shape = (model.n_layers, model.n_heads)
        rows = [head_attention(start, Head(*each)).weights[at] for each in np.ndindex(*shape)]
        return np.stack(rows).reshape(*shape, -1)
    layers = []
    position = torch.tensor([at], device=start.tokens.device)
    for layer, block in enumerate(model.stack.blocks):
        q, _, _ = block.qkv(start.clean.resid_pre[layer], start.clean.rotary)
        keys = start.clean.keys[layer][None]
        layers.append(pattern(q[:, :, at : at + 1], keys, position, block.scoring)[0, :, 0])
    return torch.stack(layers).float().cpu().numpy()


@torch.inference_mode()
def copying_at(start: CleanStart, places: Occurrences) -> Float[np.ndarray, "layer head"]:
    """The logit, over the vocabulary's mean, that each head adds to the token it attends to.

    The head reads the stream after layer 0 at the token's positions (mean over them), each with an
    attention weight of 1 and with its own norm's scale there. The final norm, and a norm after
    attention, keep the clean run's scales at the answer. Raises `UnavailableError`.
    """
    model, clean = start.model, start.clean
    stack = additive_stack(model)
    assert clean is not None
    after_first = clean.resid_pre[1] if model.n_layers > 1 else clean.final
    stream = after_first[0, list(places.positions)]
    at = start.read[0]
    norm = frozen(stack.ending.norm, clean.final[0, at])
    directions = _directions(start, torch.tensor(places.ids, device=stream.device))
    rows = []
    for layer, block in enumerate(stack.blocks):
        out = frozen(block.lens.out_norm, block.lens.out(clean.z[layer][0, at].flatten()))
        writes = out(_writes(block, stream, model.n_heads))  # head, place, d_model
        rows.append((norm(writes).float() * directions).sum(-1).mean(-1))
    return torch.stack(rows).double().cpu().numpy()


def _writes(
    block: Block, stream: Float[Tensor, "place d_model"], n_heads: int
) -> Float[Tensor, "head place d_model"]:
    """What each head of a layer writes when it attends to one place alone, biases left out."""
    weights = block.lens.values()  # kv_head, d_head, d_model
    w_v = weights.repeat_interleave(n_heads // len(weights), dim=0)
    read = frozen(block.lens.norm, stream)(stream)
    values = torch.einsum("pm,hdm->hpd", read, w_v)
    return values @ head_weights(block, n_heads)


def _directions(start: CleanStart, ids: Int[Tensor, " place"]) -> Float[Tensor, "place d_model"]:
    """For each token the direction, after the final norm, of its logit over the mean logit."""
    *before, last = additive_stack(start.model).ending.parts
    unembedding = weight_of(last).float()
    vectors = unembedding[ids] - unembedding.mean(0)
    for part in reversed(before):
        vectors = vectors @ weight_of(part).float()
    return vectors

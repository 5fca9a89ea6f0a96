"""What the engine is asked to do: lists of interventions on heads' outputs.

A single-head sweep is one list among many; joint ablation, position maps and patching are other
lists for the same engine.
"""

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

from core.ablation import AblationKind
from core.heads import Head
from core.spec import Positions


@dataclass(frozen=True, eq=False)
class Values:
    """A given replacement for one head's z, in the model's own (raw-weight) coordinates.

    Shape (pos, d_head), or (1, d_head) for the same vector at every position.
    """

    z: Float[Tensor, "pos d_head"]


@dataclass(frozen=True)
class Edit:
    """One head's z, at some positions, and what replaces it there.

    `positions=None` means every position of the sequence that is run; positions past its end
    (those of a longer answer, which has a pass of its own) are left out.
    """

    head: Head
    replacement: AblationKind | Values
    positions: tuple[int, ...] | None = None


Intervention = tuple[Edit, ...]
"""The edits of one row of the batch. Replacements are taken from the running (already ablated)
pass, over all heads of a layer before any of them is overwritten."""


def single_heads(
    n_layers: int, n_heads: int, kind: AblationKind, positions: tuple[int, ...] | None
) -> list[Intervention]:
    """Every head of the model ablated alone, layer by layer."""
    return [
        (Edit(Head(layer, head), kind, positions),)
        for layer in range(n_layers)
        for head in range(n_heads)
    ]


def chosen_positions(positions: Positions, prompt_length: int) -> tuple[int, ...] | None:
    """A spec's positions for a prompt of `prompt_length` tokens (BOS included).

    "all" is None: it takes in the answer's teacher-forced positions too. "last" is the prompt's
    last token.
    """
    if positions == "all":
        return None
    if positions == "last":
        return (prompt_length - 1,)
    return positions

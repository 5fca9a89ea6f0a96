"""What the engine is asked to do: lists of interventions on heads' outputs.

A single-head sweep is one list among many; joint ablation, position maps and patching are other
lists for the same engine.
"""

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

from core.spec.ablation import Computed
from core.spec.heads import Head
from core.spec.spec import Positions


@dataclass(frozen=True, eq=False)
class Values:
    """A given replacement, in the model's own (raw-weight) coordinates.

    For a head's z (pos, d_head), for an MLP's output (pos, d_model); (1, ...) for the same vector
    at every position.
    """

    z: Float[Tensor, "pos d_head"]


@dataclass(frozen=True)
class Edit:
    """One head's z, at some positions, and what replaces it there.

    `positions=None` means every position of the sequence that is run; positions past its end
    (those of a longer answer, which has a pass of its own) are left out.
    """

    head: Head
    replacement: Computed | Values
    positions: tuple[int, ...] | None = None

    @property
    def layer(self) -> int:
        """The layer that is changed."""
        return self.head.layer


@dataclass(frozen=True)
class MlpEdit:
    """What one layer's MLP adds to the residual stream, and what replaces it.

    `replacement` None adds nothing. Only models with a known wiring can be asked for it.
    """

    layer: int
    replacement: Values | None
    positions: tuple[int, ...] | None = None


Intervention = tuple[Edit | MlpEdit, ...]
"""The edits of one row of the batch. Replacements are taken from the running (already ablated)
pass, over all heads of a layer before any of them is overwritten."""


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

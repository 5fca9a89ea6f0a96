"""The input of the engine: lists of interventions on the outputs of heads and MLPs.

A sweep over single heads is one such list. Joint ablation, position maps and activation patching
are other lists for the same engine.
"""

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

from core.spec.ablation import Computed
from core.spec.heads import Head
from core.spec.spec import Positions


@dataclass(frozen=True, eq=False)
class Values:
    """A replacement given by its values, in the coordinates of the raw weights.

    The shape is (pos, d_head) for a head's z and (pos, d_model) for an MLP's output; pos is 1 for
    the same vector at every position.
    """

    z: Float[Tensor, "pos d_head"]


@dataclass(frozen=True)
class Scaled:
    """A replacement by the head's own z of the running pass, times `factor`.

    It is z of the sweep's weights, processed or raw, that is scaled: factor 0 is `zero` ablation, 1
    leaves z as it is.
    """

    factor: float


@dataclass(frozen=True)
class Edit:
    """The replacement of one head's z at some positions.

    `positions=None` means every position of the sequence. Positions past its end are ignored: they
    belong to a longer answer, which has a pass of its own.
    """

    head: Head
    replacement: Computed | Values | Scaled
    positions: tuple[int, ...] | None = None

    @property
    def layer(self) -> int:
        """The layer that is changed."""
        return self.head.layer


@dataclass(frozen=True)
class MlpEdit:
    """The replacement of what one layer's MLP adds to the residual stream.

    With `replacement` None the MLP adds 0. It needs a model whose wiring is known.
    """

    layer: int
    replacement: Values | None
    positions: tuple[int, ...] | None = None


Intervention = tuple[Edit | MlpEdit, ...]
"""The edits of one batch row.

Replacements that depend on z are computed from the running pass, in which earlier layers are
already ablated, over all heads of a layer before any of them is overwritten.
"""


def chosen_positions(positions: Positions, prompt_length: int) -> tuple[int, ...] | None:
    """A spec's positions as indices, for a prompt of `prompt_length` tokens (BOS included).

    "all" gives None, which includes the teacher-forced positions of the answer. "last" is the last
    token of the prompt.
    """
    if positions == "all":
        return None
    if positions == "last":
        return (prompt_length - 1,)
    return positions

"""Which part of the way from one head to a later one is patched.

Two edges are in use, and they rank senders differently: which one is meant must be said. Imports no
torch.
"""

from enum import StrEnum


class Edge(StrEnum):
    """What of the way from a sender to a receiver is patched."""

    RESIDUAL = "residual"
    """The residual stream only: every head and every MLP between the two stays as in the clean run
    (ACDC: Conmy et al. 2023, arXiv:2304.14997; Goldowsky-Dill et al. 2023, arXiv:2304.05969).
    """
    MLPS = "mlps"
    """The MLPs between the two are recomputed, the heads stay as in the clean run (path patching of
    the IOI paper: Wang et al. 2022, arXiv:2211.00593).
    """

    @property
    def label(self) -> str:
        """Its name, in a few words."""
        return "residual stream only" if self is Edge.RESIDUAL else "through the MLPs too"

    @property
    def between(self) -> str:
        """What is done with everything between the two heads, as a part of a sentence."""
        if self is Edge.RESIDUAL:
            return "residual stream only: heads and MLPs between the two as they were"
        return "through the MLPs too: MLPs between the two recomputed, heads as they were"

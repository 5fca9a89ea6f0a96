"""What is patched on the Patching page."""

from dataclasses import dataclass

from components.state.selection import Selection
from core.spec.spec import SweepSpec

PATCH_SLOTS = ("patch_denoise", "patch_noise")
"""Begun by hand, these tasks go on while another page is looked at."""


@dataclass(slots=True)
class PatchingPage:
    """`requested` is the spec whose prompts are patched into each other; None before the first."""

    selection: Selection
    requested: SweepSpec | None = None

    def patch(self, spec: SweepSpec | None) -> None:
        """Patch a spec's prompts from here on, or none; no head is selected yet."""
        self.requested = spec
        self.selection.choose(None)

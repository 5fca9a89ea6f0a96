"""The two-minute tour of the first example: at which step a tab is."""

from dataclasses import dataclass


@dataclass(slots=True)
class Tour:
    """`step` is the one on screen; None: nobody takes the tour."""

    step: int | None = None

    def begin(self) -> None:
        """From the start."""
        self.step = 0

    def go(self, step: int) -> None:
        """To a step."""
        self.step = step

    def leave(self) -> None:
        """Enough of it."""
        self.step = None

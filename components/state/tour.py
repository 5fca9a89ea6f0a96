"""The two-minute tour of the first example: at which step a tab is."""

from dataclasses import dataclass


@dataclass(slots=True)
class Tour:
    """`step` is the one on screen; None: nobody takes it. It is `offered` until it was left."""

    step: int | None = None
    offered: bool = True

    def begin(self) -> None:
        """From the start."""
        self.step = 0

    def go(self, step: int) -> None:
        """To a step."""
        self.step = step

    def leave(self) -> None:
        """What it is about is not on screen any more."""
        self.step = None

    def finish(self) -> None:
        """Enough of it."""
        self.step, self.offered = None, False

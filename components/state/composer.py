"""Whether the composer is open, or one line above the answer to it."""

from dataclasses import dataclass


@dataclass(slots=True)
class Composer:
    """`opened` is what its reader has chosen; None: it is open while there is something to do.

    `pressed` tells that Sweep was pressed and nothing has been made of it yet: a run of the page
    that another one overtakes loses no press.
    """

    opened: bool | None = None
    pressed: bool = False

    def press(self) -> None:
        """Sweep is pressed: what comes is looked at, not typed."""
        self.pressed, self.opened = True, None

    def take_press(self) -> bool:
        """Whether Sweep was pressed, once."""
        pressed, self.pressed = self.pressed, False
        return pressed

    def open(self) -> None:
        """Its reader wants to change something."""
        self.opened = True

    def fold(self) -> None:
        """Its reader wants to look."""
        self.opened = False

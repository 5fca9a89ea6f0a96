"""The one door to a terminal: what was typed, stored or imported is shown there, never obeyed."""

from collections.abc import Iterable

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment


class TerminalConsole(Console):
    """A rich console in whose output a terminal finds no order but rich's own.

    Control characters, and those that change the direction of what follows, become visible signs
    wherever they come from: a title, a note, a prompt, a cell of a table.
    """

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """The parts of what is printed, each text of them made safe."""
        for part in super().render(renderable, options):
            yield part if part.control else part._replace(text=printable(part.text, keep="\n"))


def printable(text: str, keep: str = "") -> str:
    """A text in which every character is one that a terminal shows; those in `keep` stay."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in keep else _sign(c) for c in text)


def _sign(character: str) -> str:
    """One sign, as wide as one character: what is laid out in columns stays so."""
    code = ord(character)
    if code < 0x20:
        return chr(0x2400 + code)  # Unicode's pictures of the control characters
    if code == 0x7F:
        return "\u2421"
    return " " if character.isspace() else "\ufffd"

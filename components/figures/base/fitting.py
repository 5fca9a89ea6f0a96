"""Text cut and wrapped to a width in pixels, for pictures whose font is not known here.

A machine without the fonts of the look puts in its own, so widths are estimated from the
characters, generously: as in a broad font.
"""

import unicodedata
from collections.abc import Iterable, Iterator

BOLD = 1.14
"""How much more room bold type takes."""
_BROAD, _NARROW = set("mwMW@%—…⟨⟩␣↵→"), set("ijltf.,:;|!'’()[] ")


def cut(text: str, limit: int) -> str:
    """At most `limit` characters, the last an ellipsis where there were more."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def fitted(text: str, room: float, size: float, heavier: float = 1.0) -> str:
    """The beginning of a text that fits into `room` pixels."""
    if sans(text, size) * heavier <= room:
        return text
    widths = (sans(c, size) * heavier for c in text)
    return text[: _count(widths, room - size)].rstrip() + "…"


def shortened(text: str, room: float, size: float) -> str:
    """A text in the fixed font without its middle, where it is too long for `room` pixels."""
    if mono(text, size) <= room:
        return text
    half = (room - mono(" … ", size)) / 2
    start = text[: _count((mono(c, size) for c in text), half)]
    end = text[len(text) - _count((mono(c, size) for c in reversed(text)), half) :]
    return f"{start.rstrip()} … {end.lstrip()}"


def _count(widths: Iterable[float], room: float) -> int:
    """How many of the first characters fit."""
    taken = 0.0
    count = 0
    for width in widths:
        taken += width
        if taken > room:
            break
        count += 1
    return count


def wrapped(parts: Iterable[str], room: float, size: float) -> Iterator[str]:
    """Lines of parts, broken between parts where that is possible, else between words."""
    line = ""
    for part in parts:
        longer = f"{line} · {part}" if line else part
        if sans(longer, size) <= room:
            line = longer
            continue
        if line:
            yield line
        line = ""
        for word in part.split(" "):
            longer = f"{line} {word}" if line else word
            if line and sans(longer, size) > room:
                yield line
                longer = word
            line = fitted(longer, room, size)
    if line:
        yield line


def sans(text: str, size: float) -> float:
    """Pixels that a text takes at most, near enough, in a broad font without serifs."""
    return size * sum(map(_ems, text))


def _ems(character: str) -> float:
    if character in _BROAD:
        return 1.0
    if character in _NARROW:
        return 0.38
    if unicodedata.east_asian_width(character) in "WF":
        return 1.3
    return 0.74 if character.isupper() else 0.62


def mono(text: str, size: float) -> float:
    """The same in a font of fixed width; signs that it lacks come from broader ones."""
    wide = sum(unicodedata.east_asian_width(c) in "WF" or c in _BROAD - set("mwMW@%") for c in text)
    return size * (0.62 * len(text) + 0.7 * wide)

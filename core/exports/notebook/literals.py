"""Plain data as Python source: what was typed comes out as a literal, never as code."""

import re
from collections.abc import Iterable, Sequence

WIDTH = 88
_INDENT = "    "
_LONGEST_WORD = 60

Plain = str | int | float | None
"""What a literal is made of; `bool` is an `int`."""


def literal(value: Plain | Sequence[Plain]) -> str:
    """A Python literal on one line: `ast.literal_eval` gives the value back (lists for tuples).

    Whatever is not printable is escaped, so that a line break, a direction override or half a
    surrogate pair cannot change how the source reads. Floats keep nine digits.
    """
    if isinstance(value, str):
        text = repr(value)
        plain = "'" not in value and '"' not in value
        return f'"{text[1:-1]}"' if plain else text
    if isinstance(value, float):
        return repr(float(f"{value:.9g}"))
    if value is None or isinstance(value, int):
        return repr(value)
    return f"[{', '.join(map(literal, value))}]"


def assignment(name: str, value: Plain | Sequence[Plain]) -> str:
    """`name = literal`, broken over several lines where it is long."""
    line = f"{name} = {literal(value)}"
    if len(line) <= WIDTH or value is None or isinstance(value, int | float):
        return line
    if isinstance(value, str):
        lines = [literal(part) for part in _parts(value)]
        opening, closing = "()"
    else:
        lines = _packed(f"{literal(item)}," for item in value)
        opening, closing = "[]"
    return "\n".join((f"{name} = {opening}", *(_INDENT + line for line in lines), closing))


def _parts(text: str) -> list[str]:
    """A long text in pieces of a line each, cut before white space where there is any."""
    words = re.findall(rf"\s?\S{{1,{_LONGEST_WORD}}}|\s", text)
    return _packed(words, joint="")


def _packed(items: Iterable[str], joint: str = " ") -> list[str]:
    """Items put together, in order, into lines of at most `WIDTH` where that can be done."""
    lines: list[str] = []
    room = WIDTH - len(_INDENT) - 2
    for item in items:
        if lines and len(lines[-1]) + len(joint) + len(item) <= room:
            lines[-1] += joint + item
        else:
            lines.append(item)
    return lines

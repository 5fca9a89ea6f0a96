"""The prompt as a text in which a token shows where it attends, and who attends to it.

All weights worth showing lie in the tokens' data attributes; the page's one script colours the
text as the pointer or the focus moves, without a trip to the server.
"""

from collections.abc import Sequence

import numpy as np
from markupsafe import Markup

from components.words.markup import fill, joined_html, token_html
from core.prompts.tokens import visible_text

LEAST = 0.01
"""Weights below it are not shown."""
MOST = 24
"""Of the largest weights of a token, in either direction."""
SAID = 5
"""Of them, how many are said in words."""


def reading_html(weights: np.ndarray, tokens: Sequence[str], held: int) -> Markup:
    """The text, with the token at position `held` chosen; `weights` (query, key) sum to 1 a row."""
    attended, attending = (
        dict(_largest(weights[held, : held + 1])),
        dict(_largest(weights[:, held])),
    )
    chips = joined_html(
        fill(
            '<span class="hs-tok{}" role="button" tabindex="0" style="--to:{}%;--from:{}%" '
            'data-at="{}" data-to="{}" data-from="{}">{}</span>',
            " read held" if position == held else "",
            attended.get(position, 0),
            attending.get(position, 0),
            position,
            _pairs(weights[position, : position + 1]),
            _pairs(weights[:, position]),
            token_html(text),
        )
        for position, text in enumerate(tokens)
    )
    return fill(
        '<div class="hs-read" data-answer="{}"><div class="hs-strip">{}</div>'
        '<div class="hs-quiet hs-read-key"><i class="to"></i> it attends to '
        '<i class="from"></i> attends to it</div>'
        '<div class="hs-read-said" aria-live="polite">{}</div></div>',
        held,
        chips,
        _said(held, tokens, attended, attending),
    )


def _said(
    held: int, tokens: Sequence[str], attended: dict[int, int], attending: dict[int, int]
) -> str:
    """What the page's script says of a token that is chosen there."""

    def named(found: dict[int, int]) -> str:
        first = list(found.items())[:SAID]
        each = (f"{i} “{visible_text(tokens[i])}” {percent} %" for i, percent in first)
        return ", ".join(each) or "none by 1 % or more"

    return (
        f"{held} “{visible_text(tokens[held])}” attends to {named(attended)}. "
        f"Attending to it: {named(attending)}."
    )


def _largest(row: np.ndarray) -> list[tuple[int, int]]:
    """Position and percent of the largest weights worth showing."""
    order = np.argsort(-row, kind="stable")[:MOST]
    return [(int(i), round(100 * float(row[i]))) for i in order if row[i] >= LEAST]


def _pairs(row: np.ndarray) -> str:
    """`_largest` as the script reads it: "3:92,0:5"."""
    return ",".join(f"{i}:{percent}" for i, percent in _largest(row))

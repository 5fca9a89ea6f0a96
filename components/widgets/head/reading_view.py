"""The prompt as a text in which a token shows where it attends, and who attends to it.

All weights worth showing lie in the tokens' data attributes; the page's one script colours the
text as the pointer or the focus moves, without a trip to the server.
"""

from collections.abc import Sequence

import numpy as np
from markupsafe import Markup

from components.words.markup import fill, joined_html, token_html

LEAST = 0.01
"""Weights below it are not shown."""
MOST = 24
"""Of the largest weights of a token, in either direction."""


def reading_html(weights: np.ndarray, tokens: Sequence[str]) -> Markup:
    """The text; `weights` (query, key) sum to 1 over keys."""
    chips = joined_html(
        fill(
            '<span class="hs-tok" role="button" tabindex="0" data-at="{}" data-to="{}" '
            'data-from="{}">{}</span>',
            position,
            _pairs(weights[position, : position + 1]),
            _pairs(weights[:, position]),
            token_html(text),
        )
        for position, text in enumerate(tokens)
    )
    return fill(
        '<div class="hs-read"><div class="hs-strip">{}</div>'
        '<div class="hs-quiet hs-read-key"><i class="to"></i> it attends to '
        '<i class="from"></i> attends to it</div>'
        '<div class="hs-read-said" aria-live="polite">Choose a token.</div></div>',
        chips,
    )


def _pairs(row: np.ndarray) -> str:
    """Position and percent of the largest weights: "3:92,0:5"."""
    order = np.argsort(-row, kind="stable")[:MOST]
    return ",".join(f"{i}:{100 * row[i]:.0f}" for i in order if row[i] >= LEAST)

"""Clean and corrupted prompt token by token: where they agree, one token; where not, both."""

import streamlit as st

from components.words.escaping import as_html, token_html
from core.prompts.corruption import Alignment
from core.prompts.tokens import visible_text

LONG = 240
"""Alignments longer than this leave out the middle of long runs of equal tokens."""
_KEPT = 4
_MOST = 2_000


def alignment_strip(alignment: Alignment) -> None:
    """Each position's tokens, clean above corrupted, a differing pair framed and numbered."""
    cells = "".join(_cells(alignment))
    st.html(
        f'<div class="hs-align" role="list" aria-label="alignment" tabindex="0">{cells}</div>'
        f'<div class="hs-quiet hs-count">{_summary(alignment)}</div>'
    )


def _summary(alignment: Alignment) -> str:
    n, first = alignment.n_different, alignment.first_difference
    differ = "tokens differs" if n == 1 else "tokens differ"
    return (
        f"{n:,} of {len(alignment):,} {differ} (clean above, corrupted below), the first at "
        f"position {first}: before it, resampling changes nothing."
    )


def _cells(alignment: Alignment) -> list[str]:
    cells = []
    for position in _shown(alignment):
        if isinstance(position, str):
            cells.append(f'<span class="hs-quiet" role="listitem">{position}</span>')
        elif alignment.same[position]:
            text = token_html(alignment.clean[position])
            cells.append(f'<span class="hs-tok" role="listitem">{text}</span>')
        else:
            cells.append(_pair(position, alignment.clean[position], alignment.corrupted[position]))
    return cells


def _pair(position: int, clean: str, corrupted: str) -> str:
    said = as_html(f"position {position}: {visible_text(clean)} becomes {visible_text(corrupted)}")
    return (
        f'<span class="hs-pair" role="listitem" aria-label="{said}" title="{said}">'
        f'<span class="hs-at">{position} ≠</span>'
        f"<span>{token_html(clean)}</span><b>{token_html(corrupted)}</b></span>"
    )


def _shown(alignment: Alignment) -> list[int | str]:
    """Positions in order; in a long alignment a sentence stands for what is left out."""
    everything = range(len(alignment))
    if len(alignment) <= LONG:
        return list(everything)
    shown: list[int | str] = []
    skipped = 0
    for position in everything:
        near = alignment.same[max(0, position - _KEPT) : position + _KEPT + 1]
        if all(near) and _KEPT <= position < len(alignment) - _KEPT:
            skipped += 1
            continue
        if skipped:
            shown.append(f"… {skipped:,} the same …")
            skipped = 0
        shown.append(position)
    if len(shown) > _MOST:
        shown = [*shown[:_MOST], f"… {len(shown) - _MOST:,} more …"]
    return shown

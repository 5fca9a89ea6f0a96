"""Clean and corrupted prompt token by token: where they agree, one token; where not, both."""

from markupsafe import Markup

from components.widgets.page.html import show_html
from components.words.markup import fill, joined_html, token_html
from core.prompts.corruption import Alignment
from core.prompts.tokens import visible_text

LONG = 240
"""Alignments longer than this leave out the middle of long runs of equal tokens."""
_KEPT = 4
_MOST = 2_000


def alignment_strip(alignment: Alignment) -> None:
    """Each position's tokens, clean above corrupted, a differing pair framed and numbered."""
    show_html(
        fill(
            '<div class="hs-align" role="list" aria-label="alignment" tabindex="0">{}</div>'
            '<div class="hs-quiet hs-count">{}</div>',
            joined_html(_cells(alignment)),
            _summary(alignment),
        )
    )


def _summary(alignment: Alignment) -> str:
    n, first = alignment.n_different, alignment.first_difference
    differ = "tokens differs" if n == 1 else "tokens differ"
    return (
        f"{n:,} of {len(alignment):,} {differ} (clean above, corrupted below), the first at "
        f"position {first}: before it, resampling changes nothing."
    )


def _cells(alignment: Alignment) -> list[Markup]:
    cells = []
    for position in _shown(alignment):
        if isinstance(position, str):
            cells.append(fill('<span class="hs-quiet" role="listitem">{}</span>', position))
        elif alignment.same[position]:
            text = token_html(alignment.clean[position])
            cells.append(fill('<span class="hs-tok" role="listitem">{}</span>', text))
        else:
            cells.append(_pair(position, alignment.clean[position], alignment.corrupted[position]))
    return cells


def _pair(position: int, clean: str, corrupted: str) -> Markup:
    return fill(
        '<span class="hs-pair" role="listitem" aria-label="{said}" title="{said}">'
        '<span class="hs-at">{position} ≠</span>'
        "<span>{clean}</span><b>{corrupted}</b></span>",
        said=f"position {position}: {visible_text(clean)} becomes {visible_text(corrupted)}",
        position=position,
        clean=token_html(clean),
        corrupted=token_html(corrupted),
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

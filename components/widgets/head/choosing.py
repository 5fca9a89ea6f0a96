"""A head is chosen on the Sweep page: in the heatmap, the ranking, a figure, or by a button."""

from components.state import Session
from components.widgets.page.parts import Part, redraw
from core.spec.heads import Head


def choose_head(
    state: Session, head: Head | None, by: Part = Part.HEAD, *, turn: int | None = None
) -> None:
    """A callback: select a head, or none, and draw again whatever shows which one it is.

    `by` is the part in which it was chosen, which shows it already; `turn` comes from the heatmap's
    grid.
    """
    selection = state.selection
    was_said = bool(state.address.trouble)
    # A row of the ranking stays marked, and keeps the focus, as long as nothing else chooses.
    marked = selection.in_ranking
    selection.choose(head, renew=by is not Part.RANKING, turn=turn)
    selection.in_ranking = by is Part.RANKING and head is not None
    if was_said:  # above all parts
        redraw()
    shown_in = {Part.GRID, Part.HEAD} | ({Part.RANKING} if marked else set())
    redraw(*sorted((shown_in - {by}) | {Part.HEAD}))

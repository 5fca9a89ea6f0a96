"""A head is chosen: in the heatmap, the ranking, a figure, or by a button."""

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
    shown_in = {Part.GRID, Part.HEAD}
    if selection.in_ranking:
        shown_in.add(Part.RANKING)
    if state.kinds.is_of(state.sweep.requested):
        shown_in.add(Part.KINDS)
    selection.choose(head, by_row=by is Part.RANKING, turn=turn)
    if was_said:  # above all parts
        redraw()
    redraw(*sorted((shown_in - {by}) | {Part.HEAD}))

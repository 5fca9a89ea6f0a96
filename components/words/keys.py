"""The keys of the dashboard, as its list and its documentation name them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Key:
    """What one presses, and what it does.

    `is_letter` tells a key that would be a character in a text: it does nothing while one is typed,
    and a reader can switch all of these off.
    """

    pressed: str
    does: str
    is_letter: bool = False


KEYS = (
    Key("Ctrl + Enter", "Sweeps, from any field (Cmd + Enter on a Mac)."),
    Key("1 to 7", "Shows a view of the open head, in the order they stand in.", is_letter=True),
    Key("M", "Shows the next metric.", is_letter=True),
    Key("Arrow keys", "Go from cell to cell of the heatmap, or to a neighbour of the open head."),
    Key("Enter", "Opens the head of the cell that has the focus."),
    Key("Escape", "Closes the open head, or a dialog."),
    Key("Tab", "Goes to the next part of the page; the heatmap is one stop."),
    Key("?", "Shows this list.", is_letter=True),
)
"""What components/assets/js/keys.js and the parts of the page themselves answer to."""

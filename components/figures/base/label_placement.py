"""Where the names of points stand in a scatter: beside them, and never over anything else."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from components.figures.base.look import Look
from components.figures.base.sketch import Sketch

LETTER, LINE = 3.5, 7.0
"""Half a label's width a letter, and half its height, in pixels before a look's scale."""
BESIDE = 2.0
"""Pixels between a point and its label."""
DIRECTIONS = np.array([(1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, 1), (1, -1), (-1, -1)])
"""Where a label may stand beside its point, the best first."""

Crossings = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""(places, half a label's size) -> how many lines run through a label at each place."""


@dataclass(frozen=True)
class PlacedLabel:
    """The name of one of the points; `needed` if it has to stand even where there is no room."""

    point: int
    text: str
    needed: bool = False


def place_labels(
    labels: Sequence[PlacedLabel],
    points: np.ndarray,
    diameters: np.ndarray,
    room: tuple[float, float],
    look: Look,
    *,
    crossings: Crossings | None = None,
) -> dict[int, tuple[float, float]]:
    """By point, how far its label's middle is from it: pixels to the right and up.

    `points` (n, 2), `diameters` (n) and `room`, the plot's width and height, are pixels from the
    plot's lower left corner. Labels are placed in their order. Each stays within the plot, covers
    no point and no other label and, if it can, no line; one that finds no such place is left out,
    unless it is needed.
    """
    shifts: dict[int, tuple[float, float]] = {}
    boxes = np.empty((0, 4))  # middles and halves of the labels that stand
    for label in labels:
        half = np.array([LETTER * len(label.text) + 1, LINE]) * look.scale
        tried = DIRECTIONS * (half + diameters[label.point] / 2 + BESIDE * look.scale)
        places = points[label.point] + tried
        others = np.delete(np.column_stack([points, diameters / 2, diameters / 2]), label.point, 0)
        covered = _covered(places, half, others) + _covered(places, half, boxes)
        middle = np.array(room) / 2
        covered += 1000 * (np.abs(places - middle) > middle - half).any(1)
        lines = np.zeros(len(places)) if crossings is None else crossings(places, half)
        best = int(np.argmin(covered + 0.1 * lines))
        if covered[best] == 0 or label.needed:
            right, up = map(float, tried[best])
            shifts[label.point] = right, up
            boxes = np.vstack([boxes, [*places[best], *half]])
    return shifts


def add_labels(
    sketch: Sketch,
    labels: Sequence[PlacedLabel],
    points: np.ndarray,
    shifts: Mapping[int, tuple[float, float]],
    look: Look,
) -> None:
    """Write the placed labels beside their points (n, 2), here in the axes' units.

    A needed one is bold.
    """
    for label in labels:
        if label.point not in shifts:
            continue
        (x, y), (right, up) = points[label.point], shifts[label.point]
        sketch.add_annotation(
            x=float(x),
            y=float(y),
            text=f"<b>{label.text}</b>" if label.needed else label.text,
            showarrow=False,
            xshift=right,
            yshift=up,
            font={"size": look.size(11), "color": look.ink},
            bgcolor=look.paper,  # no axis or threshold runs through a name
            borderpad=0,
        )


def _covered(places: np.ndarray, half: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """How many boxes (middle x and y, half a width and height) a label at each place touches."""
    apart = np.abs(boxes[:, :2] - places[:, None])
    found: np.ndarray = (apart < half + boxes[:, 2:]).all(2).sum(1)
    return found

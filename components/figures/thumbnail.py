"""A sweep as a picture of one pixel a head, for a line of a list."""

import base64
import io
from collections.abc import Sequence
from functools import lru_cache

from PIL import Image

from components.figures.base.look import Look, colour_at

NOTABLE = 1.0
"""Percentage points at the end of the scale at least, as on the heatmap: noise stays pale."""


@lru_cache(maxsize=512)
def thumbnail(changes: Sequence[Sequence[float]], look: Look) -> str:
    """A PNG as a data URI: layers down, heads across, in the heatmap's own colours."""
    limit = max(NOTABLE, *(abs(value) for line in changes for value in line))
    image = Image.new("RGB", (len(changes[0]), len(changes)))
    image.putdata(
        [
            _pixel(colour_at(look.diverging, (value / limit + 1) / 2))
            for line in changes
            for value in line
        ]
    )
    raw = io.BytesIO()
    image.save(raw, "PNG")
    return "data:image/png;base64," + base64.b64encode(raw.getvalue()).decode()


def _pixel(channels: Sequence[float]) -> tuple[int, int, int]:
    red, green, blue = (round(255 * each) for each in channels)
    return red, green, blue

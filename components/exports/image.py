"""A sweep's heatmap as a PNG or SVG file, drawn by Kaleido in a Chrome that is on the machine.

What the numbers were computed from is in the picture, and as data inside the file.
"""

import asyncio
import io
import json
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import Any, Literal

import numpy as np
import plotly.graph_objects as go
from PIL import Image, PngImagePlugin

from components.figures.base.look import Look
from components.figures.printed_heatmap import printed_heatmap
from components.words.escaping import as_xml
from components.words.markup import fill
from core.errors import InputError
from core.exports.browser import VARIABLE, find_browser
from core.results.captions import provenance_words
from core.results.layer_effects import LayerEffects
from core.results.metrics import PROB, Metric
from core.results.result import SweepResult
from core.text.words import plain

SCALE = 4
"""Pixels of a PNG for one of the figure's."""
INCHES = 7.0
"""How wide a text processor places the PNG: a page's text; that makes it about 600 dpi."""
CHUNK = "Headsweep"
"""The PNG text chunk that holds spec and provenance as JSON."""
SECONDS = 60.0
"""How long a browser may take to start and draw: some hang where a library is missing."""
_CLOSING_SECONDS = 30.0

_ONE_AT_A_TIME = Lock()
"""A browser takes a few hundred megabytes: a class that presses the button at once shares one."""
_INSTEAD = "or use the pictures' buttons on the dashboard's page, or --format html, which need none"


def png(
    result: SweepResult,
    layer_effects: LayerEffects | None = None,
    title: str = "",
    *,
    metric: Metric = PROB,
    look: Look = Look(),  # noqa: B008  # frozen
) -> bytes:
    """The printed heatmap as a PNG of print quality; `CHUNK` holds its spec and provenance.

    Raises an `InputError` for the field "format" where no browser can draw it.
    """
    figure = _figure(result, layer_effects, title, metric, look)
    with Image.open(io.BytesIO(_drawn(figure, "png", SCALE))) as picture:
        picture.load()
    chunks = PngImagePlugin.PngInfo()
    chunks.add_text("Software", as_xml(f"Headsweep {result.provenance.headsweep}"))
    chunks.add_itxt("Description", as_xml(plain(provenance_words(result))))
    chunks.add_text(CHUNK, _told(result))
    file = io.BytesIO()
    dots = picture.width / INCHES
    picture.convert("RGB").save(file, "PNG", pnginfo=chunks, dpi=(dots, dots))
    return file.getvalue()


def svg(
    result: SweepResult,
    layer_effects: LayerEffects | None = None,
    title: str = "",
    *,
    metric: Metric = PROB,
    look: Look = Look(),  # noqa: B008  # frozen
) -> str:
    """The same as an SVG, its spec and provenance as JSON in <metadata>."""
    figure = _figure(result, layer_effects, title, metric, look)
    drawn = _drawn(figure, "svg", 1).decode("utf-8")
    opened, closed, rest = drawn.partition(">")
    # ASCII: JSON escapes the control characters that XML forbids.
    about = fill(
        "<desc>{}</desc><metadata>{}</metadata>", plain(provenance_words(result)), _told(result)
    )
    return as_xml(f"{opened}{closed}{about}{rest}")


def _figure(
    result: SweepResult,
    layer_effects: LayerEffects | None,
    title: str,
    metric: Metric,
    look: Look,
) -> go.Figure:
    """The printed heatmap, in whose texts nothing stands that a browser's XML could not hold."""
    drawn = printed_heatmap(result, metric, look, layer_effects=layer_effects, title=title)
    return go.Figure(_drawable(drawn.to_plotly_json()))


def _drawable(value: Any) -> Any:
    """Plain values with every text in them as XML can hold it."""
    match value:
        case str():
            return as_xml(value)
        case dict():
            return {name: _drawable(part) for name, part in value.items()}
        case list() | tuple():
            return [_drawable(part) for part in value]
        case np.ndarray() if value.dtype.kind in "OU":
            return _drawable(value.tolist())
    return value


def _told(result: SweepResult) -> str:
    told = result.to_dict()
    kept = {name: told[name] for name in ("schema", "spec", "shape", "baseline", "provenance")}
    return json.dumps(kept, ensure_ascii=True)


def _drawn(figure: go.Figure, kind: Literal["png", "svg"], scale: float) -> bytes:
    """The figure as a file's bytes; an `InputError` says what to do where that fails."""
    path = find_browser()
    if path is None:
        raise InputError(
            "format",
            f"A {kind.upper()} is drawn by Chrome or Chromium, and none was found: install "
            f"Chromium or name its program in {VARIABLE}, {_INSTEAD}.",
        )
    work = _by_kaleido(figure, {"format": kind, "scale": scale}, path)
    try:
        # In a thread of its own, whose caller may be inside an event loop (Jupyter is).
        with _ONE_AT_A_TIME, ThreadPoolExecutor(1) as thread:
            return thread.submit(asyncio.run, work).result()
    except (RuntimeError, TimeoutError, OSError) as error:  # Kaleido's own for a browser's end too
        raise InputError(
            "format",
            f"{path} did not draw the {kind.upper()} ({type(error).__name__}): install Chromium "
            f"or name another program in {VARIABLE}, {_INSTEAD}.",
        ) from error


async def _by_kaleido(figure: go.Figure, options: dict[str, Any], path: str) -> bytes:
    """One picture from a browser of its own, which is ended also where it hangs."""
    import kaleido

    browser = kaleido.Kaleido(path=path, mathjax=False, timeout=SECONDS)  # MathJax is on a server
    try:
        async with asyncio.timeout(SECONDS):
            await browser.open()
            return bytes(await browser.calc_fig(figure, options))
    finally:
        async with asyncio.timeout(_CLOSING_SECONDS):
            await browser.close()

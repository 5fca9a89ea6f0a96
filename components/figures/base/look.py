"""`Look`: the one value that every figure takes for its colours and sizes."""

from dataclasses import dataclass

from components.figures.base.sketch import Sketch

FONT = '"Source Sans", "Source Sans Pro", "Segoe UI", system-ui, sans-serif'
MONO = '"Source Code Pro", ui-monospace, Menlo, Consolas, monospace'

Scale = list[tuple[float, str]]


@dataclass(frozen=True)
class Look:
    """Light or dark, and how large: a talk's big type is a `scale`, not another figure."""

    dark: bool = False
    scale: float = 1.0

    @property
    def paper(self) -> str:
        """The page's own colour: what 0 looks like."""
        return "#15161a" if self.dark else "#fbfaf8"

    @property
    def ink(self) -> str:
        """Text and outlines."""
        return "#e9e7e2" if self.dark else "#1c1c22"

    @property
    def quiet(self) -> str:
        """Axis titles and tick labels; 4.5:1 against the paper at least."""
        return "#a3a5ae" if self.dark else "#5f616b"

    @property
    def line(self) -> str:
        """Hairlines."""
        return "#32343c" if self.dark else "#dedbd3"

    @property
    def accent(self) -> str:
        """The one blue."""
        return "#6d8bff" if self.dark else "#3557d6"

    @property
    def diverging(self) -> Scale:
        """Red takes away, blue adds, 0 is the paper; distinguishable with any colour vision.

        Lightness moves away from the paper evenly on both sides, so size reads without hue.
        """
        if self.dark:
            red, blue = ("#ff8f73", "#c2453a", "#5a2524"), ("#1f3a5c", "#3579bd", "#7cc4ff")
        else:
            red, blue = ("#a50f22", "#dd5a45", "#f6bda6"), ("#b5d3ea", "#4b92c8", "#0b559f")
        stops = (*red, self.paper, *blue)
        return [(i / (len(stops) - 1), colour) for i, colour in enumerate(stops)]

    @property
    def sequential(self) -> Scale:
        """From the paper at 0 to deep (or bright) blue-violet: for what has no sign."""
        if self.dark:
            stops = (self.paper, "#2b2a55", "#4d52ad", "#7f94f0", "#cfdcff")
        else:
            stops = (self.paper, "#cdd3f3", "#8b97e0", "#4a55b8", "#1e2470")
        return [(i / (len(stops) - 1), colour) for i, colour in enumerate(stops)]

    @property
    def takes(self) -> str:
        """A full red: what took away, where area and not depth of colour says how much."""
        return self.diverging[1][1]

    @property
    def adds(self) -> str:
        """A full blue: what added."""
        return self.diverging[-2][1]

    def size(self, points: float) -> float:
        """A font size in this look's scale."""
        return points * self.scale


def mirrored(scale: Scale) -> Scale:
    """A scale with its ends exchanged: for values whose positive ones take away."""
    return [(1 - at, colour) for at, colour in reversed(scale)]


def ink_on(scale: Scale, share: float) -> str:
    """Black or white, whichever reads better on the colour at `share` (0 to 1) of a scale.

    One of the two has 4.5:1 on any colour; a softer black would not.
    """
    at = _luminance(colour_at(scale, min(max(share, 0.0), 1.0)))
    return max(("#000000", "#ffffff"), key=lambda ink: _contrast(at, _luminance(_channels(ink))))


def colour_at(scale: Scale, share: float) -> list[float]:
    """Red, green and blue, 0 to 1, mixed between two stops as Plotly mixes them."""
    upper = next(i for i in range(1, len(scale)) if share <= scale[i][0])
    (low, one), (high, other) = scale[upper - 1], scale[upper]
    part = (share - low) / (high - low)
    pairs = zip(_channels(one), _channels(other), strict=True)
    return [a + part * (b - a) for a, b in pairs]


def _channels(colour: str) -> list[float]:
    return [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]


def _luminance(channels: list[float]) -> float:
    """Relative luminance (WCAG 2.2)."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one: float, other: float) -> float:
    low, high = sorted((one, other))
    return (high + 0.05) / (low + 0.05)


def blank(look: Look, height: float) -> Sketch:
    """An empty figure in this look: transparent, no template, room for nothing but the data."""
    return Sketch(
        {
            "template": "none",
            "height": height,
            "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "font": {"family": FONT, "size": look.size(12), "color": look.ink},
            "hoverlabel": {
                "bgcolor": look.paper,
                "bordercolor": look.line,
                "font": {"family": FONT, "size": look.size(13), "color": look.ink},
            },
            "dragmode": False,
            "showlegend": False,
        }
    )


def quiet_axis(look: Look, **options: object) -> dict[str, object]:
    """An axis without lines, its labels in the quiet colour."""
    return {
        "showgrid": False,
        "zeroline": False,
        "fixedrange": True,
        "automargin": True,
        "ticks": "",
        "ticklabelstandoff": 5,
        "tickfont": {"size": look.size(11), "color": look.quiet},
        "title_font": {"size": look.size(12), "color": look.quiet},
        **options,
    }

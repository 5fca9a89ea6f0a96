"""Colours that can be read: contrast by WCAG's own formula, over whole colour scales."""

import numpy as np
import pytest

from components.figures.base.look import Look, blank, ink_on, quiet_axis

STEPS = [float(step) for step in np.linspace(0, 1, 1001)]
LOOKS = [Look(), Look(dark=True)]
SCALES = {
    f"{kind} {'dark' if look.dark else 'light'}": getattr(look, kind)
    for look in LOOKS
    for kind in ("diverging", "sequential")
}


def mixed(scale, share):
    """Red, green and blue, 0 to 255, at a place on a scale: mixed channel by channel."""
    stops = [stop for stop, _ in scale]
    channels = zip(*(bytes.fromhex(colour[1:]) for _, colour in scale), strict=True)
    return [float(np.interp(share, stops, channel)) for channel in channels]


def luminance(colour):
    """WCAG 2.2's relative luminance of "#rrggbb", or of red, green and blue from 0 to 255."""
    channels = bytes.fromhex(colour[1:]) if isinstance(colour, str) else colour
    r, g, b = (c / 255 for c in channels)
    r, g, b = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (r, g, b))
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(one, other):
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("name", SCALES)
def test_ink_reads_on_every_step_of_a_scale(name):
    scale = SCALES[name]
    chosen = [ink_on(scale, step) for step in STEPS]
    inks = set(chosen)
    assert len(inks) == 2
    for ink, step in zip(chosen, STEPS, strict=True):
        (other,), cell = inks - {ink}, mixed(scale, step)
        assert contrast(ink, cell) >= contrast(other, cell)
        possible = max(contrast("#000000", cell), contrast("#ffffff", cell))
        assert contrast(ink, cell) >= min(4.5, possible)


def test_what_lies_beyond_a_scale_has_the_ink_of_its_end():
    scale = Look().diverging
    assert ink_on(scale, -0.4) == ink_on(scale, 0.0) == ink_on(scale, 1.4)
    assert ink_on(scale, 0.0) != ink_on(scale, 0.5)


@pytest.mark.parametrize("look", LOOKS)
def test_scales_leave_the_paper_step_by_step(look):
    """So that size reads without hue."""
    colours = [colour for _, colour in look.diverging]
    takes, adds = colours[3::-1], colours[3:]
    for side in (takes, adds, [colour for _, colour in look.sequential]):
        assert side[0] == look.paper
        apart = [contrast(colour, look.paper) for colour in side]
        assert apart == sorted(apart)
        assert apart[-1] > 6


@pytest.mark.parametrize("look", LOOKS)
def test_text_reads_on_the_paper(look):
    for colour in (look.ink, look.quiet):
        assert contrast(colour, look.paper) >= 4.5


@pytest.mark.parametrize("look", LOOKS)
def test_what_takes_and_what_adds_are_seen_on_the_paper_and_told_apart(look):
    assert contrast(look.takes, look.paper) >= 3  # WCAG's least for graphics
    assert contrast(look.adds, look.paper) >= 3
    assert look.takes in dict(look.diverging[:3]).values()
    assert look.adds in dict(look.diverging[4:]).values()


def test_an_axis_takes_options_over_its_own():
    assert quiet_axis(Look())["automargin"] is True
    assert quiet_axis(Look(), automargin=False, title="head")["automargin"] is False


def test_an_empty_figure_draws_nothing_of_its_own():
    figure = blank(Look(), 123).figure()
    assert figure.data == ()
    assert figure.layout.height == 123
    assert figure.layout.paper_bgcolor == figure.layout.plot_bgcolor == "rgba(0,0,0,0)"

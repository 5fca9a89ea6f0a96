"""Format numbers for people: with real minus signs and significant digits."""

import re

_COUNTED = (
    *("no", "one", "two", "three", "four", "five", "six"),
    *("seven", "eight", "nine", "ten", "eleven", "twelve"),
)
_BEFORE_UNIT = re.compile(r"(?<=\d) (?=(?:%|pp|nats|logits)(?!\w))")


def signed(value: float, digits: int = 1) -> str:
    """A number with its sign (a real minus sign); a number that is rounded to 0 has no sign."""
    text = f"{value:+.{digits}f}"
    return text[1:] if float(text) == 0 else text.replace("-", "−")


def decimal(value: float, digits: int = 2) -> str:
    """A number that has a sign only below 0 (a real minus sign), and none where it rounds to 0."""
    text = f"{value:.{digits}f}"
    return text.lstrip("-") if float(text) == 0 else text.replace("-", "−")


def percent(fraction: float, digits: int = 1) -> str:
    """A fraction as a percentage; small values keep two significant digits."""
    value = 100 * fraction
    if value == 0:
        return "0 %"
    if value < 0.001:
        return f"{value:.1e} %".replace("-", "−")
    if value < 10**-digits:
        return f"{value:.2g} %"
    return f"{value:.{digits}f} %"


def points(value: float, digits: int = 1) -> str:
    """Percentage points with their sign; small values keep two significant digits."""
    text = signed(value, digits)
    if value == 0 or float(text.replace("−", "-")) != 0:
        return text
    written = f"{value:+.1e}" if abs(value) < 0.001 else f"{value:+.2g}"
    return written.replace("-", "−")


def ordinal(n: int) -> str:
    """1st, 2nd, 11th."""
    suffix = "th" if 10 <= n % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(n % 10, "th")
    return f"{n}{suffix}"


def counted(n: int) -> str:
    """A count in a sentence: "four", and in figures from 13 on."""
    return _COUNTED[n] if 0 <= n < len(_COUNTED) else f"{n:,}"


def share(fraction: float) -> str:
    """A share as a whole percentage, which may be negative or more than 100."""
    return f"{round(100 * fraction) or 0} %".replace("-", "−")


def share_of(fraction: float, whole: str) -> str:
    """A part as a share of a whole: "80 % of it".

    Of another sign, or more than all of it, it is none: "more than all of it (130 %)", "against it
    (−20 %)".
    """
    if 0 <= round(fraction, 2) <= 1:
        return f"{share(fraction)} of {whole}"
    which = "against" if fraction < 0 else "more than all of"
    return f"{which} {whole} ({share(fraction)})"


def duration(seconds: float) -> str:
    """A duration, rounded: "under 1 s", "12 s", "3 min", "1 h 20 min"."""
    if seconds < 1:
        return "under 1 s"
    if seconds < 59.5:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min"


def unbroken(text: str) -> str:
    """A text in which no line ends between a number and its unit, for media that break lines."""
    return _BEFORE_UNIT.sub("\u00a0", text)

"""Numbers for people: a number and its unit are one word to a line."""

import pytest

from core.text.numbers import unbroken


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("84.5 % → 3.1 % (−81.4 pp)", "84.5~% → 3.1~% (−81.4~pp)"),
        ("−0.80 nats of log odds, 1.2 logits", "−0.80~nats of log odds, 1.2~logits"),
        ("3 ppm, 12 heads, a % sign, 5%", "3 ppm, 12 heads, a % sign, 5%"),
    ],
)
def test_a_number_and_its_unit_stand_on_one_line(said, kept):
    assert unbroken(said) == kept.replace("~", "\u00a0")

"""Numbers as people read them."""

import pytest

from core.text.numbers import decimal, points, unbroken


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (-2.34, "−2.3"),
        (0.05, "+0.1"),
        (-0.0123, "−0.012"),
        (0.00016, "+1.6e−04"),
        (-0.00016, "−1.6e−04"),
        (0.0, "0.0"),
    ],
)
def test_points_near_0_keep_two_digits(value, written):
    assert points(value) == written


@pytest.mark.parametrize(
    ("value", "written"),
    [(0.456, "0.46"), (-0.456, "−0.46"), (-0.004, "0.00"), (-0.0, "0.00"), (0.0, "0.00")],
)
def test_zero_has_no_sign(value, written):
    assert decimal(value) == written


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

"""Numbers as people read them."""

import pytest

from core.text.numbers import points


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

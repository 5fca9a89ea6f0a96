"""Tables of numbers: what people read has real minus signs, what sorts them are the numbers."""

import pandas as pd

from components.widgets.page.number_table import number_table, with_sign, without_sign


def test_numbers_are_written_with_real_signs_and_stay_numbers():
    frame = pd.DataFrame(
        {"head": ["L0-H0", "L0H1"], "change": [-2.345, 0.5], "score": [-0.001, None]}
    )
    table = number_table(frame, {"change": with_sign(2), "score": without_sign(2)})
    lines = table.to_string(delimiter="|").splitlines()
    assert lines[1:3] == ["0|L0-H0|−2.35|0.00", "1|L0H1|+0.50|–"]
    assert table.data is frame
    assert list(frame["change"].sort_values()) == [-2.345, 0.5]

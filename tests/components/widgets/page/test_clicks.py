"""What was clicked, of whatever somebody has sent as a selection."""

import json

import pytest
from streamlit.elements.arrow import DataframeSelectionSerde
from streamlit.elements.plotly_chart import PlotlyChartSelectionSerde
from support.forged import POINTS, ROWS

from components.widgets.page import clicks
from core.spec.heads import Head


@pytest.fixture
def sent(monkeypatch):
    """sent(selection): it has come for every chart, as Streamlit reads it."""

    def put(selection, serde):
        event = serde.deserialize(json.dumps({"selection": selection}))
        monkeypatch.setattr(clicks, "value", lambda key: event)

    return put


@pytest.mark.parametrize("data", [[1, 2], [1.0, 2.0, 0.5], {"0": 1, "1": 2}])
def test_a_point_that_is_a_head(sent, data):
    bar, cell = {"customdata": ["the layer"]}, {"customdata": data}
    sent({"points": [{}, bar, cell]}, PlotlyChartSelectionSerde())
    assert clicks.clicked_head("chart") == Head(1, 2)


def test_no_click_and_no_chart(sent, monkeypatch):
    sent({"points": []}, PlotlyChartSelectionSerde())
    assert clicks.clicked_head("chart") is None
    monkeypatch.setattr(clicks, "value", lambda key: None)
    assert clicks.clicked_head("chart") is None
    assert clicks.chosen_row("table") is None


@pytest.mark.parametrize("points", POINTS)
def test_points_that_somebody_has_made_up_are_no_heads_of_a_model(sent, points):
    sent({"points": points}, PlotlyChartSelectionSerde())
    found = clicks.clicked_head("chart")
    assert found is None or found in (Head(0, 0), Head(99, 99))


def test_a_row_or_the_row_of_a_cell(sent):
    serde = DataframeSelectionSerde()
    sent({"rows": [3], "columns": [], "cells": []}, serde)
    assert clicks.chosen_row("table") == 3
    sent({"rows": [], "columns": [], "cells": [[4, "head"]]}, serde)
    assert clicks.chosen_row("table") == 4
    sent({"rows": [], "columns": [], "cells": []}, serde)
    assert clicks.chosen_row("table") is None


@pytest.mark.parametrize("rows", ROWS)
def test_rows_that_somebody_has_made_up(sent, rows):
    try:
        sent({"rows": rows, "columns": rows, "cells": rows}, DataframeSelectionSerde())
    except Exception:
        return  # no session takes it: components.state.widget_values
    assert clicks.chosen_row("table") in (None, 0)

"""What pages wrote into addresses of version 0.1.0 means the same to every later version."""

import pytest
from support.frozen import links

from components.widgets.head.panel import VIEWS
from components.widgets.hypothesis.address import _percent
from components.widgets.hypothesis.statement import OUTCOMES
from components.widgets.sweep.address import _OLD_VIEWS
from core.results.metrics import BY_SHORT

WRITTEN = [link for link in links() if link["written"]]


def those_with(name):
    found = [link for link in WRITTEN if name in link["params"]]
    assert found
    return found


def of(link):
    return link["what"]


@pytest.mark.parametrize("link", those_with("metric"), ids=of)
def test_a_metric_is_the_one_that_it_was(link):
    assert BY_SHORT[link["params"]["metric"][0]].field == link["opens"]["metric"]


@pytest.mark.parametrize("link", those_with("view"), ids=of)
def test_a_view_is_still_one_though_it_may_be_called_otherwise(link):
    view = link["params"]["view"][0]
    assert link["opens"]["view"] == view
    assert _OLD_VIEWS[view] in VIEWS


def test_the_old_views_are_as_many_views():
    assert len({_OLD_VIEWS[link["params"]["view"][0]] for link in those_with("view")}) == 6


@pytest.mark.parametrize("link", those_with("outcome"), ids=of)
def test_a_prediction_is_the_one_that_it_was(link):
    outcome, opens = link["params"]["outcome"][0], link["opens"]
    assert outcome in OUTCOMES
    assert outcome == opens["outcome"]
    assert (outcome == OUTCOMES[0]) is opens["breaks"]
    predicted = link["params"].get("predicted")
    assert opens["predicted_percent"] == (None if predicted is None else _percent(predicted[0]))


@pytest.mark.parametrize("text", ["1_0", "+1", "٣", "nan", "inf", "101", "-1", "", None])
def test_a_predicted_percentage_that_is_none_is_left_open(text):
    assert _percent(text) is None

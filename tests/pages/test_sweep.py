"""The sweep page as a script, through Streamlit's AppTest."""

import pytest
from support.script_page import page_html, with_detail

from core.demo import example


def test_it_opens_on_the_notebooks_prompt(app):
    assert not app.exception
    assert app.text_area(key="prompt").value == example.SPEC.prompt
    assert app.text_input(key="target").value == " jumps"
    assert len(app.get("bidi_component")) == 1


@pytest.mark.slow
def test_run_sweeps_what_was_typed(app):
    app.text_area(key="prompt").set_value("green red blue green red").run()
    app.text_input(key="target").set_value(" blue").run()
    assert "The inputs have changed" in page_html(app)
    app.button(key="run").click().run()
    assert not app.exception
    assert "The inputs have changed" not in page_html(app)


def shown(app):
    """The metric that is pressed, and the heads by size in the ranking."""
    (switch,) = [each for each in app.get("button_group") if each.key == "metric"]
    return switch.value, list(app.dataframe[0].value["head"])


@pytest.mark.slow
def test_everything_follows_the_metric_on_display(app):
    result = example.saved()
    by = lambda metric: [e.address.label for e in result.ranked(metric)]  # noqa: E731
    with_detail(app, "ranking")
    assert shown(app)[1] == by("prob_change")
    with_detail(app, "provenance")
    page = page_html(app)
    assert "Shown at first, because from 84.5 % a probability can move either way." in page
    app.session_state["chosen_metric"] = "KL"
    app.run()
    page = page_html(app)
    assert "Shown at first" not in page
    assert "ablating these heads moved the prediction most: <b>L" in page
    assert "moves the prediction by" in page
    with_detail(app, "ranking")
    assert shown(app)[1] == by("kl")
    assert "lowered P(" not in page


def test_whole_layers_are_rows_of_the_ranking_and_no_heads(app):
    n_heads = len(with_detail(app, "ranking").dataframe[0].value)
    app.session_state["rows"] = "all"
    app.run()
    assert not app.exception
    parts = list(app.dataframe[0].value["part"])
    assert "L0 attention" in parts
    assert len(parts) > n_heads
    heads = app.session_state["ranking_heads"]
    assert [parts[i] for i, head in enumerate(heads) if head is None] == [
        part for part in parts if "H" not in part
    ]


@pytest.mark.slow
def test_more_columns_are_measured_when_they_are_asked_for(app):
    with_detail(app, "ranking")
    app.session_state["columns"] = ["attention-to-target", "attention-to-foil"]
    column = "attention to target, weight, 0–1"
    for _ in range(20):
        app.run()
        if column in app.dataframe[0].value:
            break
    assert not app.exception
    frame = app.dataframe[0].value
    looks = dict(zip(frame["head"], frame[column], strict=True))
    assert looks["L1H0"] > 0.9  # an induction head
    assert looks["L0H0"] < 0.1
    assert "attention to foil: There is no foil" in page_html(app)
    assert list(frame)[:4] == ["head", "change, pp ↓ by size", column, "P after, %"]


@pytest.mark.slow
def test_with_a_foil_it_opens_on_the_logit_difference(app):
    app.button(key="example-1").click().run()
    app.button(key="run").click().run()
    assert not app.exception
    page = page_html(with_detail(app, "provenance"))
    assert "Shown at first, because there is a foil" in page
    assert "the logit difference" in page
    assert app.session_state["metric"] == "logit diff"


def test_wrong_input_disables_run_and_keeps_everything(app):
    app.text_input(key="foil").set_value(" jumps").run()
    assert app.button(key="run").disabled
    assert "The foil is the same as the target" in page_html(app)
    assert app.text_area(key="prompt").value == example.SPEC.prompt
    assert len(app.get("bidi_component")) == 1


def test_stable_keys(app):
    for kind, keys in {
        "text_area": ["prompt"],
        "text_input": ["target", "foil"],
        "selectbox": ["model"],
        "button": ["run"],
    }.items():
        present = {element.key for element in getattr(app, kind)}
        assert set(keys) <= present


@pytest.mark.slow
def test_examples_fill_the_composer(app):
    app.button(key="example-1").click().run()
    assert app.text_area(key="prompt").value == example.TRY[1][1].prompt
    assert app.text_input(key="target").value == " Mary"
    assert app.text_input(key="foil").value == " John"
    assert not app.button(key="run").disabled


@pytest.mark.slow
def test_an_unexpected_failure_is_told_beside_run(app, monkeypatch):
    def broken(*_):
        raise RuntimeError("out of luck")

    monkeypatch.setattr("core.sweep.sweep.sweep_with_progress", broken)
    app.text_input(key="target").set_value(" over").run()
    app.button(key="run").click().run()
    app.run()
    assert not app.exception
    assert "out of luck" in page_html(app)
    assert not app.button(key="run").disabled

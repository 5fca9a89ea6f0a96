"""What a link may ask for, and what is refused, without a browser."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest
from support.script_page import page_html as html
from support.script_page import unfolded

from core.demo import example
from core.jobs import JOBS
from core.settings import settings
from core.store.connect import default_url
from core.store.keeper import KEEPER
from core.store.store import Store

ROOT = Path(__file__).parents[2]


@pytest.fixture
def only_demo(monkeypatch):
    monkeypatch.setenv("HEADSWEEP_ALLOWED_MODELS", "demo")
    settings.cache_clear()
    yield
    settings.cache_clear()


def opened(script="app.py", **params):
    """A page's script, run as an address asks for it."""
    app = AppTest.from_file(str(ROOT / script), default_timeout=60)
    for name, texts in params.items():
        app.query_params[name] = texts
    app.run()
    assert not app.exception
    return app


def ask(model, **more):
    return {"model": model, "prompt": "one two one", "target": " two", **more}


@pytest.fixture
def asked_for():
    """Tells the models that any job was begun for since the test began."""
    before = {job.number for job in JOBS._jobs.values()}
    return lambda: {job.key.name for job in JOBS._jobs.values() if job.number not in before}


@pytest.mark.parametrize("model", ["/etc", "../x", "~", "./m", "org/none", "gpt2\0", "a" * 900])
def test_a_model_that_no_link_may_ask_for_is_refused_and_all_else_filled_in(model, asked_for):
    app = opened(**ask(model, ablation="zero", positions="last"))
    assert "This link asks for the model" in html(app)
    assert app.text_area(key="prompt").value == "one two one"
    assert app.text_input(key="target").value == " two"
    assert app.selectbox(key="model").value == "demo"
    assert app.session_state["ablation"] == "zero"
    assert app.session_state["positions"] == "last"
    assert asked_for() <= {"demo"}


def test_where_only_some_models_are_allowed_a_link_to_another_is_refused(only_demo):
    app = opened(**ask("gpt2"))
    assert "&#39;gpt2&#39; is not among the models allowed here" in html(app)
    assert app.text_input(key="target").value == " two"
    model = app.selectbox(key="model")
    assert model.value == "demo"
    assert [each.split(" ")[0] for each in model.options] == ["demo"]
    assert app.button(key="run").disabled is False


def test_where_only_some_models_are_allowed_another_that_is_typed_is_refused_beneath(
    only_demo, asked_for
):
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    app.session_state["model"] = "gpt2"
    app.run()
    error = next(h.proto.body for h in app.get("html") if "hs-error" in h.proto.body)
    assert "not among the models allowed here: choose one of demo" in error
    assert app.button(key="run").disabled
    assert "retry_model" not in [b.key for b in app.button], "trying again cannot help"
    assert app.button(key="previous_model").label == "Back to demo"
    assert asked_for() <= {"demo"}


@pytest.mark.parametrize(
    ("name", "texts", "said"),
    [
        ("ablation", "nought", "not a kind of ablation"),
        ("positions", "0,-1", "positions=0,-1"),
        ("bos", "2", "bos=2"),
        ("weights", "heavy", "weights"),
        ("dtype", "int4", "dtype"),
        ("prompt", ["a", "b"], "gives “prompt” 2 times"),
        ("corrupted", "two", "resample ablation only"),
        ("reference", ["one"], "mean and mean-positional ablation only"),
        ("foil", " two", "same as the target"),
        ("target", ["x"] * 2, "given twice"),
        ("run", "../../etc/passwd", "a run&#39;s name is 12 digits"),
    ],
)
def test_one_wrong_parameter_is_named_and_the_others_are_filled_in(name, texts, said):
    app = opened(**{**ask("demo", foil=" three"), name: texts})
    assert "This link cannot be opened" in html(app)
    assert said in html(app)
    if name != "prompt":
        assert app.text_area(key="prompt").value == "one two one"
    if name != "foil":
        assert app.text_input(key="foil").value == " three"
    assert app.session_state["ablation"] == example.SPEC.ablation


def test_a_query_of_100_kb_is_not_read():
    app = opened(**ask("demo", foil="x" * 100_000))
    assert "longer than 6,000 characters" in html(app)
    assert unfolded(app).text_area(key="prompt").value == example.SPEC.prompt


def test_a_model_of_the_catalogue_that_is_not_here_waits_for_its_button(asked_for):
    app = opened(**ask("gpt2-medium"))
    assert app.selectbox(key="model").value == "gpt2-medium"
    assert app.button(key="run").label == "Download 1,520 MB and sweep"
    assert asked_for() <= {"demo"}
    asked = ask("gpt2-medium", ablation="mean-across-heads")
    assert dict(app.query_params) == asked, "the address goes on asking for it, and says the kind"


def test_embedding_parameters_are_left_alone():
    app = opened(embed="true", **ask("demo"))
    assert "This link" not in html(app)
    assert unfolded(app).text_input(key="target").value == " two"


@pytest.fixture
def read_only(tmp_path, monkeypatch):
    url = default_url(tmp_path)
    run_id = Store(url).keep(example.saved(), example.saved_layer_effects())
    monkeypatch.setattr(KEEPER, "_store", Store(url, read_only=True))
    return run_id


def test_read_only_runs_are_listed_and_chosen_but_not_changed(read_only):
    app = opened("pages/history.py")
    keys = [button.key for button in app.button]
    assert f"open_{read_only}" in keys
    assert not [key for key in keys if key.startswith(("edit_", "delete_"))]
    assert "compare_runs" in keys


def test_read_only_a_sweep_is_shown_and_not_kept(read_only):
    app = opened(**ask("demo"))
    for _ in range(20):
        if "read-only" in html(app):
            break
        app.run()
    assert "Not kept: this Headsweep is read-only." in html(app)
    keys = [button.key for button in app.button]
    assert "compare_this" in keys
    assert "name_run" not in keys
    assert KEEPER.store().count() == 1
    assert KEEPER.n_waiting == 0


def test_read_only_deleted_runs_are_nobody_elses_business(tmp_path, monkeypatch):
    url = default_url(tmp_path)
    store = Store(url)
    store.delete([run_id := store.keep(example.saved())])
    monkeypatch.setattr(KEEPER, "_store", Store(url, read_only=True))
    app = opened("pages/history.py")
    assert "history_deleted" not in [each.key for each in app.toggle]
    assert f"restore_{run_id}" not in [each.key for each in app.button]

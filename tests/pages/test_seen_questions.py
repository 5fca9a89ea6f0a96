"""Whatever page shows a question's effects, the Hypothesis page then says "after looking"."""

import ast
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest
from support.predictions import locked

from components.state.hypothesis_page import HypothesisPage
from core.checkpoints.registry import MODELS, key_of
from core.demo import example
from core.exports import links
from core.jobs import JOBS
from core.spec.ablation import AblationKind
from core.spec.spec import SweepSpec
from core.store.keeper import KEEPER
from core.store.run import Origin
from core.sweep.task import SweepTask

ROOT = Path(__file__).parents[2]
APP = str(ROOT / "app.py")
SPEC = SweepSpec(model="demo", prompt="red green blue red green", target=" blue")
OTHER = SweepSpec(model="demo", prompt="one two three one two", target=" three")
RESAMPLED = SweepSpec(
    model="demo",
    prompt="one red cat saw one red",
    target=" cat",
    ablation=AblationKind.RESAMPLE,
    corrupted_prompt="one cat red saw one red",
)


@pytest.fixture(scope="module", autouse=True)
def _live_model():
    MODELS.get(key_of(example.SPEC))


@pytest.fixture(scope="module")
def kept():
    """The names of two runs among the kept ones."""
    store = KEEPER.store()
    jobs = [JOBS.ask(SweepTask(spec)) for spec in (SPEC, OTHER)]
    assert all(job.wait(60.0) for job in jobs)
    for job in jobs:
        store.keep(job.output.result, job.output.layer_effects, origin=Origin.COMPUTED)
    return [job.output.result for job in jobs]


def opened(page, **params):
    app = AppTest.from_file(APP, default_timeout=60)
    for name, texts in params.items():
        app.query_params[name] = texts
    if page != "sweep":
        app.switch_page(f"pages/{page}.py")
    app.run()
    assert not app.exception
    return app


def says_after_looking(app, spec):
    """Whether the Hypothesis page, gone to now, would lock a prediction on `spec` as after."""
    app.query_params.clear()
    app.switch_page("pages/hypothesis.py").run()
    app.text_area(key="prompt").set_value(spec.prompt).run()
    app.text_input(key="target").set_value(spec.target).run()
    assert not app.exception
    html = " ".join(str(getattr(each.proto, "body", "")) for each in app.get("html"))
    assert "Nothing ablated, the target has" in html, "the page has come to its statement"
    return "the verdict will say “after looking”" in html


@pytest.mark.slow
def test_the_sweep_page(kept):
    assert says_after_looking(opened("sweep", **links.to_params(SPEC)), SPEC)


@pytest.mark.slow
def test_the_sweep_page_tells_nothing_of_another_question(kept):
    assert not says_after_looking(opened("sweep", **links.to_params(SPEC)), OTHER)


def test_the_hypothesis_page_itself_shows_no_effects(kept):
    assert not says_after_looking(opened("hypothesis"), example.SPEC)


@pytest.mark.slow
def test_the_history_page_whose_small_pictures_show_effects(kept):
    app = opened("history")
    assert says_after_looking(app, SPEC)


@pytest.mark.slow
def test_the_comparison_page(kept):
    sides = {**links.to_params(SPEC, "a."), **links.to_params(OTHER, "b.")}
    app = opened("compare", **sides)
    assert says_after_looking(app, OTHER)


@pytest.mark.slow
def test_the_patching_page(kept):
    app = opened("patching", **links.to_params(RESAMPLED), patched=["1"])
    for _ in range(20):
        if RESAMPLED in app.session_state["headsweep"].seen_questions:
            break
        app.run()
    assert says_after_looking(app, RESAMPLED)


DRAWING = [*(ROOT / "pages").glob("*.py"), *(ROOT / "components" / "widgets").rglob("*.py")]
SEALED_OFF = {"partial", "changes", "largest", "_effects", "_found"}
"""What nothing that draws may read: a job's, a line's or a sealed sweep's own effects."""
OF_THE_REVEALED = {"self", "effects", "context", "sweep", "seen"}
"""Whose `result` it may read: it is revealed, but for `sweep.result`, which is sealed."""


def reads_past_the_seal(source):
    found = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Attribute):
            continue
        of = node.value
        name = of.id if isinstance(of, ast.Name) else getattr(of, "attr", "")
        revealed = isinstance(of, ast.Call) and getattr(of.func, "attr", "") == "reveal"
        if node.attr in SEALED_OFF or (
            node.attr == "result" and name not in OF_THE_REVEALED and not revealed
        ):
            found.append(f"line {node.lineno}: {ast.unparse(node)}")
    return found


@pytest.mark.parametrize("path", DRAWING, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_that_draws_reads_a_result_past_its_seal(path):
    if path.name != "import_file.py":  # it reads a file, draws nothing of it, and opens it sealed
        assert reads_past_the_seal(path.read_text()) == []


@pytest.mark.parametrize(
    "source", ["JOBS.find(spec).result", "job.partial", "run.result", "run.changes", "x._effects"]
)
def test_the_check_finds_each_way_past_the_seal(source):
    assert reads_past_the_seal(source)


def test_a_test_that_is_begun_counts_as_looking(kept):
    from components.state import new_session

    state = new_session()
    assert isinstance(state.hypothesis, HypothesisPage)
    state.hypothesis.begin(locked(SPEC))
    assert SPEC in state.seen_questions

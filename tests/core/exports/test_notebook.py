"""Exported notebooks are run: their numbers, found without Headsweep, are Headsweep's own."""

import ast
import json
import shutil
import subprocess
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from nbclient import NotebookClient
from support import checkpoints
from support.kernel import CopiedKernelManager
from support.specs import spec_of

from core import AblationKind, InputError, SweepSpec, run_sweep
from core.checkpoints.catalogue import DEMO_FOLDER
from core.demo.example import saved
from core.exports.notebook import notebook
from core.exports.notebook.literals import assignment
from core.results.metrics import METRICS
from core.spec.reference_set import DEFAULT

KINDS = list(AblationKind)
SEVERAL = ("gpt2", "neox-parallel", "llama")
POSITIONS = ("all", "last", (0,), (3, 9))
TARGETS = (" jumps", " jumps over", (" jumps", " over"))
FOILS = (None, " fox", (" fox", " dog"), " brown cat")
TOLERANCE = 1e-4  # nats: what the project promises
ONE_LOG = ("prob_change", "logprob_change", "kl", "entropy_change")
"""The others are differences of two."""
MAY_IMPORT = {
    *("hashlib", "importlib", "os", "pathlib"),
    *("torch", "transformer_lens", "pandas", "numpy", "plotly"),
}
HOSTILE = (
    "He said \"stop\", then 'go'",
    "'''triple''' and \"\"\"triple\"\"\" \\",
    "back\\slash \\n \\u0041 and a tab\tand\r\na line",
    "</script><img src=x onerror=alert(1)><!-- &amp; -->",
    "# heading\n\n* `code` **bold** [a](https://example.org) $x^2$ $$y$$ \\(z\\)",
    "```\n# out of the fence\n```\n~~~~\n````",
    "{braces} %s {0!r} {PROMPT}",
    "\u202eright to left\u2028and\u0000null\x1b[31m",
    "what?\n%%bash\n!ls\n%magic",
    "__import__('os').getcwd()",
    "x" * 5_000 + " " * 300 + "word " * 500 + '"',
)


def cells(text, kind="code"):
    """A notebook's sources by cell id."""
    found = json.loads(text)["cells"]
    return {c["id"]: "".join(c["source"]) for c in found if c["cell_type"] == kind}


def executed(text, skip=()):
    """The names that a notebook's code leaves behind."""
    names = {}
    for name, source in cells(text).items():
        if name == "load":
            names |= booted(source, str(names.get("folder", names.get("MODEL"))))
        elif name not in skip:
            exec(compile(source, name, "exec"), names)
    return names


@cache
def booted(source, model):
    """What the cell that boots the model leaves behind: it is run once for the same model."""
    names = {"folder": model, "MODEL": model}
    exec(compile(source, "load", "exec"), names)
    return names


def assert_same_numbers(result, names):
    frame, clean = names["heads"].set_index(["layer", "head"]), names["baseline"]
    assert clean["logprob"] == pytest.approx(result.baseline.logprob, abs=TOLERANCE)
    assert clean["rank"] == result.baseline.rank
    assert len(frame) == result.shape[0] * result.shape[1]
    for effect in result.heads:
        row = frame.loc[(effect.layer, effect.head)]
        assert row["label"] == effect.address.label
        assert row["prob"] == pytest.approx(effect.prob, abs=TOLERANCE)
        assert row["rank"] == effect.rank
        for metric in METRICS:
            value = getattr(effect, metric.field)
            if value is None:
                assert metric.name not in frame
            else:
                apart = TOLERANCE if metric.field in ONE_LOG else 2 * TOLERANCE
                assert row[metric.field] == pytest.approx(value, abs=apart), metric.field


def assert_repeats(model, spec):
    """The exported notebook is valid, runs, passes its own check and gives the same numbers."""
    result = run_sweep(model, spec)
    text = notebook(result)
    nbformat.validate(nbformat.reads(text, as_version=4))
    assert_same_numbers(result, executed(text))
    return text


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("positions", POSITIONS)
def test_every_kind_is_repeated_on_several_families(loaded, kind, positions):
    """With each pair of a kind, a choice of positions, a family, a target and a foil."""
    turn = len(KINDS) * POSITIONS.index(positions) + KINDS.index(kind)
    model = loaded(SEVERAL[turn % 3])
    target, foil = TARGETS[(turn + turn // 3) % 3], FOILS[turn % 4]
    text = assert_repeats(model, spec_of(model, kind, target, foil, positions=positions))
    assert "passes differ in length" not in text


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_answers_of_several_tokens_are_teacher_forced(loaded, kind):
    """The foil is as long as the target, so it has a pass of its own."""
    model = loaded("gpt2")
    changes = {"target": " lazy dog.", "foil": " lazy fox.", "prepend_bos": False}
    text = assert_repeats(model, spec_of(model, kind, positions=(0, 3, 9, 13), **changes))
    assert "foil_tokens" in text


@pytest.mark.slow
@pytest.mark.parametrize(
    ("target", "foil"),
    [
        (" lazy dog.", " brown cat sat"),
        (" lazy dog.", " lazy fox"),
        (" jumps", " lazy fox"),
        (" lazy dog.", " jumps"),
        ((" jumps", " over"), " lazy fox"),
        (" lazy fox", (" jumps", " over")),
    ],
)
def test_answers_of_different_lengths_are_compared_where_they_part(loaded, target, foil):
    model = loaded("gpt2")
    text = assert_repeats(model, spec_of(model, target=target, foil=foil))
    assert "compared at the token where they part" in text


def test_an_older_runs_notebook_still_compares_whole_answers(loaded):
    model = loaded("gpt2")
    spec = spec_of(model, target=" lazy dog.", foil=" lazy fox", positions=(0, 3))
    older = replace(run_sweep(model, spec), parts_at=None)
    text = notebook(older)
    assert "foil_tokens" in text
    assert all("where they part" not in source for source in cells(text).values())
    said = " ".join(cells(text, "markdown")["asked"].split())
    assert "compares them as wholes: the longer one loses by its length" in said


@pytest.mark.slow
@pytest.mark.parametrize("kind", [AblationKind.ZERO, AblationKind.MEAN_ACROSS_HEADS])
def test_raw_weights_stay_raw(loaded, kind):
    raw = loaded("gpt2", "raw")
    text = assert_repeats(raw, spec_of(raw, kind, weights="raw", prepend_bos=False))
    assert "enable_compatibility_mode" not in text
    assert "bos" not in text.lower().replace("no bos", "")


@pytest.mark.slow
def test_a_prompt_of_one_token_has_position_0_only(loaded):
    model = loaded("gpt2")
    spec = replace(spec_of(model, AblationKind.MEAN, prepend_bos=False), prompt=" fox")
    assert "other_mean" not in assert_repeats(model, spec)
    assert_repeats(model, replace(spec, positions="last", target=" jumps over"))


@pytest.mark.slow
def test_the_embedded_model_with_the_default_reference_set(demo):
    spec = SweepSpec("demo", checkpoints.TEXT, " jumps", ablation="mean")
    text = assert_repeats(demo, spec)
    assert str(DEMO_FOLDER) not in text
    assert str(Path.home()) not in text
    assert parameters(text)["REFERENCE"] == list(DEFAULT)


def parameters(text):
    """The names that the parameter cell defines, by literal_eval: no expression gets through."""
    body = ast.parse(cells(text)["parameters"]).body
    return {node.targets[0].id: ast.literal_eval(node.value) for node in body}


@pytest.mark.parametrize("kind", KINDS)
def test_a_notebook_has_code_for_its_own_kind_only(loaded, kind):
    model = loaded("gpt2")
    text = notebook(run_sweep(model, spec_of(model, kind, foil=None)))
    code = "\n".join(cells(text).values())
    words = {
        AblationKind.ZERO: "head] = 0",
        AblationKind.MEAN_ACROSS_HEADS: "z.mean(dim=2)",
        AblationKind.MEAN: "firsts",
        AblationKind.MEAN_POSITIONAL: "reference_mean",
        AblationKind.RESAMPLE: "CORRUPTED_PROMPT",
    }
    assert [one for one in KINDS if words[one] in code] == [kind]
    assert "foil" not in code.lower()
    assert "POSITIONS" not in code
    assert "importlib" not in code


def test_nothing_of_headsweep_is_imported():
    code = "\n".join(cells(notebook(saved())).values())
    imported = set()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            imported |= {name.name.partition(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add(node.module.partition(".")[0])
    assert imported == MAY_IMPORT


@pytest.mark.slow
def test_a_kernel_runs_it_from_a_folder_of_its_own(demo, tmp_path):
    """As a reader does: a hostile prompt, the model beside the notebook, Headsweep never loaded."""
    shutil.copytree(DEMO_FOLDER, tmp_path / "demo-model")
    prompt = '%%bash\n!ls?\n"""The\'s \\ $x$ `quick`""" </script> brown fox?'
    spec = SweepSpec("demo", prompt, " jumps over?", foil="?\n%ls", ablation="zero")
    made = nbformat.reads(notebook(run_sweep(demo, spec)), as_version=4)
    last = "import sys\nprint(sorted({'core', 'components'} & set(sys.modules)), folder)"
    made.cells.append(nbformat.v4.new_code_cell(last))
    folder = {"metadata": {"path": str(tmp_path)}}
    client = NotebookClient(
        made, kernel_manager_class=CopiedKernelManager, timeout=120, resources=folder
    )
    client.execute()
    outputs = {cell.id: cell.outputs for cell in made.cells if cell.cell_type == "code"}
    assert outputs[made.cells[-1].id][0].text == "[] demo-model\n"
    shown = [o.data for o in outputs["heatmap"] if o.output_type == "display_data"]
    assert "application/vnd.plotly.v1+json" in shown[0]
    assert "ablated, logprob: at most" in outputs["check"][0].text


def changed(result, **head):
    """The result with its second head's numbers changed."""
    heads = list(result.heads)
    heads[1] = replace(heads[1], **{k: getattr(heads[1], k) + v for k, v in head.items()})
    return replace(result, heads=tuple(heads))


@pytest.mark.slow
def test_numbers_that_were_tampered_with_make_the_check_fail():
    names = executed(notebook(saved()), skip=("numbers", "check"))

    def check(result):
        for name in ("numbers", "check"):
            exec(cells(notebook(result))[name], names)

    check(changed(saved(), logprob_change=1e-5))  # what rounding may do
    for metric in METRICS:
        if metric.within is not None and not metric.needs_foil:
            with pytest.raises(AssertionError):
                check(changed(saved(), **{metric.field: 3 * metric.within}))
    clean = saved().baseline
    with pytest.raises(AssertionError):
        check(replace(saved(), baseline=replace(clean, logprob=clean.logprob - 3e-4)))
    partial = replace(saved(), heads=saved().heads[1:5])
    check(partial)
    with pytest.raises(AssertionError):
        check(changed(partial, logprob_change=3e-4))
    names["heads"].loc[0, "logprob"] = float("nan")
    with pytest.raises(AssertionError):
        check(saved())


@pytest.mark.slow
def test_bfloat16_differences_are_printed_and_none_is_refused(loaded, capsys):
    model = loaded("gpt2", "processed", "bfloat16")
    text = notebook(run_sweep(model, spec_of(model, dtype="bfloat16")))
    executed(text)
    assert "ablated, logprob: at most" in capsys.readouterr().out
    assert "assert" not in cells(text)["check"]
    assert "up to 0.11 nats apart" in cells(text, "markdown")["about-check"]


@pytest.mark.slow
def test_another_model_in_the_folder_is_said(loaded, capsys):
    model = loaded("gpt2")
    result = run_sweep(model, spec_of(model))
    other = replace(result.provenance, model_fingerprint="0123456789abcdef", device="cuda")
    elsewhere = replace(result, provenance=other)
    for run, said in ((result, "holds the model of the run"), (elsewhere, "CAUTION")):
        executed(notebook(run), skip=("numbers", "check"))
        assert said in capsys.readouterr().out
    assert "torch.cuda.is_available()" in notebook(elsewhere)


def test_where_the_embedded_model_is_looked_for(tmp_path, monkeypatch):
    source = cells(notebook(saved()))["folder"]

    def found():
        names = {}
        exec(source, names)
        return names["folder"]

    monkeypatch.chdir(tmp_path)
    assert found() == DEMO_FOLDER  # the installed Headsweep's
    shutil.copytree(DEMO_FOLDER, tmp_path / "demo-model")
    assert found() == Path("demo-model")
    shutil.copytree(DEMO_FOLDER, tmp_path / "elsewhere")
    monkeypatch.setenv("DEMO_MODEL_FOLDER", str(tmp_path / "elsewhere"))
    assert found() == tmp_path / "elsewhere"
    monkeypatch.delenv("DEMO_MODEL_FOLDER")
    shutil.rmtree(tmp_path / "demo-model")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(FileNotFoundError, match="copy its folder core/demo/model beside"):
        found()


@pytest.mark.parametrize(
    ("model", "source"),
    [("gpt2-small", "openai-community/gpt2"), ("some-lab/tiny", "some-lab/tiny")],
)
def test_models_of_the_hub_are_named_as_the_hub_names_them(model, source):
    text = notebook(replace(saved(), spec=replace(saved().spec, model=model)))
    assert parameters(text)["MODEL"] == source
    assert "boot_transformers(\n    MODEL," in cells(text)["load"]
    assert "folder" not in cells(text)


@pytest.mark.slow
def test_without_plotly_the_heatmap_is_a_table(monkeypatch):
    names = executed(notebook(saved()), skip=("heatmap", "numbers", "check"))
    source = cells(notebook(saved()))["heatmap"]
    exec(source, names)
    z = names["figure"].data[0].z
    assert z[0][0] == pytest.approx(100 * saved().heads[0].prob_change, abs=0.01)
    monkeypatch.setitem(sys.modules, "plotly.graph_objects", None)
    exec(source, names)
    assert names["figure"].loc[0, 0] == round(100 * saved().heads[0].prob_change, 1)


def hostile_run(text):
    """The saved example with one text wherever a text can be typed."""
    kept = text.replace("\u0000", "0")[:900]
    spec = SweepSpec(
        model="../" + kept,
        prompt=text,
        target=kept,
        foil=(kept + "a", kept + "b"),
        ablation="resample",
        corrupted_prompt=text + ".",
        prepend_bos=True,
    )
    seen = replace(
        saved().provenance, headsweep=text, transformer_lens=text, torch=text, device=text,
        model_fingerprint=text,
    )  # fmt: skip
    return replace(saved(), spec=spec, target_tokens=(kept,), provenance=seen)


def rendered(text):
    """What Markdown makes of the first cell, without what stands in code blocks."""
    tokens = MarkdownIt().parse(cells(text, "markdown")["asked"])
    assert sum(token.type == "fence" for token in tokens) == 4
    return [(t.type, "" if t.type == "fence" else t.content) for t in tokens]


@pytest.mark.parametrize("typed", HOSTILE)
def test_what_was_typed_is_data_wherever_it_stands(typed):
    run = hostile_run(typed)
    text = notebook(run, title=typed)
    nbformat.validate(nbformat.reads(text, as_version=4))
    assert parameters(text) == {
        "MODEL": run.spec.model,
        "PROMPT": typed,
        "TARGET": run.spec.target,
        "FOIL": list(run.spec.foil),
        "CORRUPTED_PROMPT": typed + ".",
    }
    harmless = notebook(hostile_run("harmless"), title="also harmless!")
    assert rendered(text) == rendered(harmless)
    assert "pip install transformer-lens torch pandas plotly" in text
    for name, source in cells(text).items():
        ast.parse(source)
        if name not in ("parameters", "folder"):
            assert source == cells(harmless)[name]
    assert max(map(len, cells(text)["parameters"].splitlines())) < 2_000


@pytest.mark.slow
@given(st.one_of(st.text(), st.lists(st.text(max_size=200)), st.lists(st.integers())))
def test_an_assignment_is_one_statement_with_its_value(value):
    [statement] = ast.parse(assignment("X", value)).body
    assert ast.literal_eval(statement.value) == value


@pytest.mark.parametrize(
    ("title", "heading"),
    [
        ("", "Which attention heads does this prediction need?"),
        ("Lesson 3: induction, again", "Lesson 3: induction, again"),
        ("a $b$ <i>c</i>", "Which attention heads does this prediction need?"),
    ],
)
def test_only_plain_words_head_a_notebook(title, heading):
    lines = cells(notebook(saved(), title), "markdown")["asked"].splitlines()
    assert lines[0] == f"# {heading}"


def test_equal_results_give_equal_texts():
    later = replace(saved(), provenance=replace(saved().provenance, seconds=1e3))
    assert notebook(saved()) == notebook(later)
    made = nbformat.reads(notebook(saved()), as_version=4)
    assert (made.nbformat, made.nbformat_minor) == (4, 5)
    assert all(cell.id.isascii() for cell in made.cells)


def test_what_no_notebook_could_repeat_is_refused():
    with pytest.raises(InputError, match="No head of this run is finished"):
        notebook(replace(saved(), heads=()))
    with pytest.raises(InputError, match="whether BOS was prepended"):
        notebook(replace(saved(), spec=replace(saved().spec, prepend_bos=None)))


@pytest.mark.slow
def test_the_module_is_cheap_to_import():
    code = (
        "import sys, core.exports.notebook\n"
        "print(sorted({'torch', 'transformers', 'pandas', 'nbformat'} & set(sys.modules)))"
    )
    root = Path(__file__).parents[3]
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"

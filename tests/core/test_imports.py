"""What must start at once, or on a machine without torch, imports nothing heavy."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FIGURES = [
    f"components.figures.{path.stem}"
    for path in sorted((ROOT / "components" / "figures").glob("*.py"))
    if path.stem != "__init__"
]
LIGHT = [
    "core",
    "core.spec.ablation",
    "core.sweep.estimate.attribution",
    "core.checkpoints.catalogue",
    "core.circuits.atlas",
    "core.circuits.dose_words",
    "core.circuits.edge",
    "core.circuits.figure_captions",
    "core.circuits.knock_out_words",
    "core.circuits.knocked_edges",
    "core.circuits.head_scores",
    "core.circuits.tasks",
    "core.circuits.verdict",
    "core.cli",
    "core.errors",
    "core.demo.example",
    "core.results.findings",
    "core.spec.heads",
    "core.spec.members",
    "core.hypotheses.held_out_words",
    "core.hypotheses.parse_heads",
    "core.hypotheses.prediction",
    "core.hypotheses.tasks",
    "core.checkpoints.hub",
    "core.spec.identity",
    "core.jobs",
    "core.results.agreement",
    "core.results.layer_effects",
    "core.checkpoints.registry",
    "core.results.result",
    "core.spec.spec",
    "core.results.comparison",
    "core.results.comparison_words",
    "core.exports.data",
    "core.exports.formats",
    "core.exports.links",
    "core.checkpoints.fingerprint",
    "core.checkpoints.permitted",
    "core.results.differences",
    "core.settings",
    "core.store.keeper",
    "core.store.connect",
    "core.store.rows",
    "core.store.run",
    "core.store.errors",
    "core.store.store",
    "core.store.tables",
    "core.store.result_kinds",
    "core.store.versions",
    "core.sweep.task",
    "core.prompts.tokens",
    *FIGURES,
]


HEAVY = {"torch", "transformer_lens", "transformers"}
COMMANDS = ("sweep", "head", "joint", "roles", "patch", "models", "serve", "doctor", "open")
ASKED = [["--help"], *([name, "--help"] for name in COMMANDS), ["models"]]
STEPS = {
    "core": "\n".join(f"import {name}" for name in LIGHT if name.startswith("core")),
    "saved": "from core.demo.example import saved, saved_layer_effects\n"
    "saved().to_json(); saved_layer_effects()",
    "commands": "from core.cli import main\n"
    f"for arguments in {ASKED}:\n"
    "    try: main(arguments)\n"
    "    except SystemExit as end: assert not end.code, (arguments, end.code)",
    "all of core": "import core.sweep.sweep, core.checkpoints.loading, core.engine.oracle\n"
    "import core.circuits.head_report, core.hypotheses.joint_report",
}
"""What one interpreter does in turn: what it has not imported by the end of a step, no step before
it has imported either."""


def loaded_by(*steps: str) -> list[set[str]]:
    """Top-level modules in a fresh interpreter after each of the steps, which are code."""
    told = "print('\\n' + json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    program = "\n".join(["import sys, json", *(f"{step}\n{told}" for step in steps)])
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    found = [set(json.loads(line)) for line in done.stdout.splitlines() if line.startswith('["')]
    assert len(found) == len(steps)
    return found


@pytest.fixture(scope="module")
def loaded() -> dict[str, set[str]]:
    """Top-level modules after each of `STEPS`."""
    return dict(zip(STEPS, loaded_by(*STEPS.values()), strict=True))


@pytest.mark.slow
def test_light_modules_import_nothing_heavy():
    (seen,) = loaded_by("\n".join(f"import {name}" for name in LIGHT))
    assert "core" in seen
    assert not seen & (HEAVY | {"streamlit"})


@pytest.mark.slow
def test_core_alone_imports_neither_plotly_nor_pandas(loaded):
    assert "core" in loaded["core"]
    assert not loaded["core"] & (HEAVY | {"streamlit", "plotly", "pandas"})


@pytest.mark.slow
def test_reading_a_saved_result_imports_nothing_heavy(loaded):
    assert not loaded["saved"] & HEAVY


@pytest.mark.slow
def test_the_command_line_answers_without_anything_heavy(loaded):
    assert not loaded["commands"] & (HEAVY | {"streamlit", "plotly"})


@pytest.mark.slow
def test_the_whole_of_core_draws_nothing(loaded):
    assert "torch" in loaded["all of core"]
    assert not loaded["all of core"] & {"streamlit", "plotly"}


def test_every_public_name_is_there_and_no_other():
    import core

    for name in core.__all__:
        assert getattr(core, name).__name__ == name
    assert dir(core) == sorted(core.__all__)
    with pytest.raises(AttributeError, match="nonsense"):
        core.nonsense  # noqa: B018

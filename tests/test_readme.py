"""The facts of the README and of docs/: options, figures, settings, so that they cannot drift."""

import json
import re
from pathlib import Path

import pytest

from core.checkpoints import catalogue
from core.cli.options import OutputFormat
from core.settings import Settings, variable
from core.spec.ablation import AblationKind

ROOT = Path(__file__).parent.parent
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
README, *_ = TEXTS = [page.read_text(encoding="utf-8") for page in PAGES]
USING = (ROOT / "docs" / "using.md").read_text(encoding="utf-8")
OPERATING = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
METRICS = json.loads((catalogue.DEMO_FOLDER / "metrics.json").read_text(encoding="utf-8"))


def test_the_two_commands_are_targets_of_the_makefile():
    targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    for command in re.findall(r"^make (\w+)", README, re.MULTILINE):
        assert command in targets


def test_every_module_named_in_the_architecture_exists():
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    names = re.findall(r"^( *)([\w.]+/?) ", page.split("```")[1], re.MULTILINE)
    assert len(names) >= 25
    room = ""
    for indent, name in names:
        assert (ROOT / (room if indent else "") / name).exists(), name
        room = room if indent else name


def test_every_setting_is_in_the_table_and_no_other():
    table = OPERATING.split("## Settings")[1].split("\n## ")[0]
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    assert {name for row in rows for name in re.findall("`(.+?)`", row)} == {
        variable(name) for name in Settings.model_fields
    }


def test_the_models_named_are_in_the_catalogue():
    assert all(catalogue.entry(name) for name in ("demo", "gpt2", "distilgpt2"))
    assert all(f"`{name.value}`" in USING for name in (*OutputFormat, *AblationKind))


ROWS = re.findall(r"^ *\| (L\dH\d) \|.*$", USING, re.MULTILINE)


def test_the_table_of_heads_is_what_was_measured():
    effects = METRICS["heads"]["effects"]["pangram"]
    assert len(ROWS) >= 4
    for label in ROWS:
        row = next(line for line in USING.splitlines() if line.strip().startswith(f"| {label} |"))
        numbers = [float(n.replace("−", "-")) for n in re.findall(r"[−+]\d+", row)]
        measured = [100 * effects[k][label] for k in ("mean-across-heads", "zero", "mean")]
        assert numbers == pytest.approx(measured, abs=0.51)


def test_no_placeholder_is_left():
    assert not any(re.search(r"@[A-Z]+@", text) for text in TEXTS)


def test_the_embedded_models_figures_are_the_measured_ones():
    tasks = METRICS["tasks"]
    stated = re.search(r"repeats (\d+) %.*?pangram (\d+) %.*?sentences (\d+) %", USING, re.DOTALL)
    assert stated is not None
    ioi = (tasks["ioi_subject_first"] + tasks["ioi_subject_second"]) / 2
    measured = (tasks["repeated_words"], tasks["pangram"], ioi)
    assert [int(n) for n in stated.groups()] == [round(100 * p) for p in measured]

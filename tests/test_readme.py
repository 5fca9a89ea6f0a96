"""The README's facts: commands, options, figures and pictures, so that they cannot drift."""

import json
import re
from pathlib import Path

import pytest

from core.checkpoints import catalogue
from core.cli.options import OutputFormat

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
METRICS = json.loads((catalogue.DEMO_FOLDER / "metrics.json").read_text(encoding="utf-8"))


def test_the_two_commands_are_targets_of_the_makefile():
    targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    for command in re.findall(r"^make (\w+)", README, re.MULTILINE):
        assert command in targets


def test_every_linked_file_is_there():
    for link in re.findall(r'(?:src|srcset)="([^"]+)"|\]\(([^)#]+)\)', README):
        path = next(part for part in link if part)
        if not path.startswith("http"):
            assert (ROOT / path).is_file(), path


def test_every_module_named_in_the_architecture_exists():
    drawn = README.split("Architecture in ten lines")[1].split("```")[1]
    names = re.findall(r"\b(\w+\.py)\b|^ +(\w+/)| {2,}(\w+/)", drawn, re.MULTILINE)
    assert len(names) >= 10
    for name in ("".join(each) for each in names):
        assert any((ROOT / room / name).exists() for room in ("", "core", "components")), name


def test_the_models_named_are_in_the_catalogue():
    assert all(catalogue.entry(name) for name in ("demo", "gpt2", "distilgpt2"))
    assert all(f"`{name.value}`" in README for name in OutputFormat)


ROWS = re.findall(r"^ *\| (L\dH\d) \|.*$", README, re.MULTILINE)


def test_the_table_of_heads_is_what_was_measured():
    effects = METRICS["heads"]["effects"]["pangram"]
    assert len(ROWS) >= 4
    for label in ROWS:
        row = next(line for line in README.splitlines() if line.strip().startswith(f"| {label} |"))
        numbers = [float(n.replace("−", "-")) for n in re.findall(r"[−+]\d+", row)]
        measured = [100 * effects[k][label] for k in ("mean-across-heads", "zero", "mean")]
        assert numbers == pytest.approx(measured, abs=0.51)


def test_no_placeholder_is_left():
    assert not re.search(r"@[A-Z]+@", README)


def test_the_embedded_models_figures_are_the_measured_ones():
    tasks = METRICS["tasks"]
    stated = re.search(r"repeats (\d+) %.*?pangram (\d+) %.*?sentences (\d+) %", README, re.DOTALL)
    assert stated is not None
    ioi = (tasks["ioi_subject_first"] + tasks["ioi_subject_second"]) / 2
    measured = (tasks["repeated_words"], tasks["pangram"], ioi)
    assert [int(n) for n in stated.groups()] == [round(100 * p) for p in measured]

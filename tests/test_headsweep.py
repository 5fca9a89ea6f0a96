"""`import headsweep`: the public names of core, typed, and nothing heavy until they are used."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

import core
import headsweep

ROOT = Path(__file__).parent.parent
HEAVY = {"torch", "transformer_lens", "transformers", "streamlit", "plotly", "pandas", "numpy"}


def test_its_names_are_those_of_core_and_no_other():
    assert headsweep.__all__ == core.__all__
    assert dir(headsweep) == sorted(headsweep.__all__)
    for name in headsweep.__all__:
        assert getattr(headsweep, name) is getattr(core, name)
    with pytest.raises(AttributeError, match="nonsense"):
        headsweep.nonsense  # noqa: B018


def test_a_type_checker_sees_every_name():
    tree = ast.parse((ROOT / "headsweep" / "__init__.py").read_text(encoding="utf-8"))
    names = [
        alias.asname
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "core"
        for alias in node.names
        if alias.name == alias.asname  # `as` the same name: exported again (PEP 484)
    ]
    assert sorted(names) == sorted(headsweep.__all__)
    assert all((ROOT / room / "py.typed").is_file() for room in ("headsweep", "core", "components"))


def test_importing_it_loads_nothing_heavy():
    program = "import json, sys, headsweep; dir(headsweep); print(json.dumps(list(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    loaded = {name.partition(".")[0] for name in json.loads(done.stdout)}
    assert "headsweep" in loaded
    assert not loaded & HEAVY


@pytest.mark.slow
def test_the_example_in_its_docstring_runs():
    lines = (headsweep.__doc__ or "").splitlines()
    example = "\n".join(line.removeprefix("    ") for line in lines if line.startswith("    "))
    names: dict[str, object] = {}
    exec(compile(example, "headsweep", "exec"), names)
    result = names["result"]
    assert isinstance(result, headsweep.SweepResult)
    assert result.baseline.prob > 0.5  # it knows repeated words
    assert len(result.to_frame()) == 12

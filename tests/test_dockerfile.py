"""The Dockerfile, as far as it can be held to the project without an engine to build it."""

import json
import re
import tomllib
from pathlib import Path

from typer.main import get_command

from core.cli.app import app
from core.settings import Settings, variable

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "Dockerfile").read_text(encoding="utf-8")
LINES = re.sub(r"\\\n\s*", " ", TEXT).splitlines()
"""One instruction a line."""


def given(instruction: str) -> list[str]:
    """What follows an instruction, each time that it is there."""
    return [line.split(" ", 1)[1] for line in LINES if line.startswith(f"{instruction} ")]


def test_what_it_starts_is_a_command_and_not_as_root():
    (command,) = given("CMD")
    program, name = json.loads(command)
    assert program in tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    assert name in get_command(app).commands
    assert given("USER") == ["1000"]
    assert LINES.index("USER 1000") < LINES.index(f"CMD {command}")


def test_what_it_sets_are_settings_and_lie_in_its_volume():
    (variables,) = given("ENV")
    (volume,) = given("VOLUME")
    values = dict(each.split("=") for each in variables.split())
    ours = values.keys() - {"HF_HOME"}
    assert ours <= {variable(name) for name in Settings.model_fields}
    assert given("EXPOSE") == [values["PORT"]]
    assert values["HEADSWEEP_DATA_DIR"].startswith(f"{volume}/")
    assert values["HF_HOME"].startswith(f"{volume}/")


def test_its_health_check_runs_and_asks_the_address_that_is_served(monkeypatch):
    program = json.loads(given("HEALTHCHECK")[0].split("CMD ")[1])[2]
    asked = []
    monkeypatch.setattr("urllib.request.urlopen", lambda url, timeout: asked.append(url))
    monkeypatch.setenv("HEADSWEEP_ADDRESS", "0.0.0.0")
    monkeypatch.setenv("HEADSWEEP_BASE_PATH", "lab")
    monkeypatch.setenv("PORT", "8765")
    from core.settings import settings

    settings.cache_clear()
    try:
        exec(program, {})
    finally:
        settings.cache_clear()
    assert asked == ["http://localhost:8765/lab/healthz"]


def test_what_it_copies_is_there_and_the_wheel_misses_nothing():
    ignored = (ROOT / ".dockerignore").read_text().split()
    needed = ("app.py", ".streamlit", "components", "core", "headsweep", "pages", "README.md",
              "LICENSE", "constraints.txt", "pyproject.toml")  # fmt: skip
    assert not set(needed) & set(ignored)
    for source in (each.split()[0] for each in given("COPY") if not each.startswith("--")):
        assert (ROOT / source).exists()

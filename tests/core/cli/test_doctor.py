"""`headsweep doctor`: what it prints, and how it ends, whatever is broken."""

import json
import os
import socket
import time

import pytest
from support.command_line import headsweep
from support.serving import free_port

from core.doctor.examination import CHECKS
from core.settings import Settings, variable

SECRET = "hunter2-correct-horse"


@pytest.fixture
def env(monkeypatch, tmp_path):
    """A machine where nothing is a problem: its variables, to be changed at will."""
    for name in filter(lambda name: name.startswith("HEADSWEEP_"), list(os.environ)):
        monkeypatch.delenv(name)
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.setenv("HEADSWEEP_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("PORT", str(free_port()))
    # Read once a process, so that what this one was started with counts.
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    return monkeypatch


def in_json(done):
    assert done.stderr == ""
    found = json.loads(done.stdout)
    return found, {check["name"]: check for check in found["checks"]}


@pytest.mark.slow
def test_the_json_holds_every_setting_and_every_check(inside, env, tmp_path):
    done = inside("doctor", "--format", "json")
    found, checks = in_json(done)
    assert done.returncode == 0
    assert list(found) == ["schema", "state", "settings", "checks"]
    assert (found["schema"], found["state"]) == ("headsweep.doctor/1", "warning")
    assert [each["variable"] for each in found["settings"]] == [
        variable(name) for name in Settings.model_fields
    ]
    for setting in found["settings"]:
        assert list(setting) == ["variable", "value", "set", "about", "wrong"]
    assert [each["variable"] for each in found["settings"] if each["set"]] == [
        "HEADSWEEP_DATA_DIR",
        "PORT",
    ]
    assert list(checks) == ["settings", *(check.name for check in CHECKS)]
    for check in checks.values():
        assert list(check) == ["name", "state", "seen", "to_do"]
        assert (check["to_do"] is None) == (check["state"] == "ok")
    assert checks["hub"]["state"] == "warning"
    assert not (tmp_path / "data").exists()


@pytest.mark.slow
def test_the_table_reads_at_80_columns_from_a_pipe(inside, env):
    env.setenv("HEADSWEEP_BASE_PATH", "lab/headsweep")
    done = inside("doctor")
    assert done.returncode == 0, done.stdout
    assert done.stderr == ""
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert "\x1b" not in done.stdout
    lines = [" ".join(line.split()) for line in done.stdout.splitlines()]
    assert "HEADSWEEP_BASE_PATH lab/headsweep [set]" in lines
    assert "HEADSWEEP_DEVICE auto [default]" in lines
    assert any(line.startswith("warning hub Offline mode (HF_HUB_OFFLINE)") for line in lines)
    assert any(line.startswith("To do: The embedded model") for line in lines)
    assert any(line.startswith("ok embedded model Whole") for line in lines)


@pytest.mark.slow
def test_a_wrong_and_a_misspelt_setting_are_problems_and_the_rest_is_looked_at(inside, env):
    wrong = {
        "HEADSWEEP_DEVICE": "gpu\x1b[31m",
        "HEADSWEEP_DATABASE_URL": f"mysql://bob:{SECRET}@host/name",
        "HEADSWEEP_READONLY": SECRET,
    }
    for name, value in wrong.items():
        env.setenv(name, value)
    done = inside("doctor", "--format", "json")
    found, checks = in_json(done)
    assert done.returncode == 1
    assert found["state"] == "problem"
    values = {each["variable"]: each for each in found["settings"]}
    assert values["HEADSWEEP_DEVICE"]["value"] == "gpu\x1b[31m"
    assert "'cpu'" in values["HEADSWEEP_DEVICE"]["wrong"]
    assert "HEADSWEEP_READ_ONLY may be meant" in checks["settings"]["to_do"]
    assert "Not looked at" in checks["device"]["seen"]
    assert "Not looked at" in checks["database"]["seen"]
    assert checks["embedded model"]["state"] == checks["port"]["state"] == "ok"
    assert SECRET not in done.stdout
    table = inside("doctor")
    assert table.returncode == 1
    assert "\x1b" not in table.stdout
    assert SECRET not in table.stdout + table.stderr


@pytest.mark.slow
def test_much_is_broken_at_once_without_a_traceback(env, tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "runs.sqlite3").write_bytes(b"damaged" * 1000)
    broken = {
        "HF_HUB_OFFLINE": "0",
        "HF_HOME": str(tmp_path / "hub"),
        "HF_ENDPOINT": f"http://127.0.0.1:{free_port()}",
        "NO_PROXY": "127.0.0.1",
        "PATH": str(tmp_path),
        "HEADSWEEP_ALLOWED_MODELS": str(tmp_path / "absent"),
        "HEADSWEEP_ADDRESS": "192.0.2.1",
    }
    done = headsweep("doctor", "--format", "json", env={**os.environ, **broken})
    _, checks = in_json(done)
    assert done.returncode == 1
    states = {name: check["state"] for name, check in checks.items()}
    assert states["database"] == states["allowed models"] == states["port"] == "problem"
    assert states["hub"] == states["browser"] == "warning"
    assert states["embedded model"] == states["torch"] == "ok"


@pytest.mark.slow
def test_a_database_that_hangs_holds_nothing_up(inside, env):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        place = f"127.0.0.1:{silent.getsockname()[1]}"
        env.setenv("HEADSWEEP_DATABASE_URL", f"postgresql://bob:{SECRET}@{place}/runs")
        started = time.monotonic()
        done = inside("doctor")
        took = time.monotonic() - started
    assert done.returncode == 1
    assert done.stderr == ""
    assert took < 15  # 4 s for the server, the rest for a busy machine
    assert "The database 'runs' cannot be reached" in " ".join(done.stdout.split())
    assert f"postgresql://bob:***@{place}/runs" in "".join(done.stdout.split())
    assert SECRET not in done.stdout

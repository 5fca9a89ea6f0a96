"""The doctor's checks against real parts: what works, what is broken, and what must stay hidden."""

import importlib.metadata
import json
import os
import shutil
import socket
import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest
import torch
from support import processes
from support.frozen import V1
from support.hub_server import serving
from support.postgres import postgres, programs
from support.serving import free_port

from core.checkpoints import catalogue
from core.checkpoints.loading import resolve_device
from core.demo import example
from core.doctor import hub, machine, models, software
from core.doctor.check import Check, CheckResult, State, run_check
from core.doctor.database import database
from core.doctor.examination import CHECKS
from core.doctor.settings import chosen, masked, passwords, settings_result
from core.exports import browser
from core.settings import Settings, settings, variable
from core.store.store import Store
from core.store.tables import VERSION

ROOT = Path(__file__).parents[3]
SECRET = "hunter2-correct-horse"


@pytest.fixture(autouse=True)
def unset(monkeypatch):
    """None of the settings of whoever runs the tests."""
    for name in Settings.model_fields:
        monkeypatch.delenv(variable(name), raising=False)
    settings.cache_clear()
    yield
    settings.cache_clear()


@pytest.fixture
def online(monkeypatch, tmp_path):
    """online(url): the hub that is asked from now on; nothing is in the cache."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache"))
    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("huggingface_hub.constants.HF_TOKEN_PATH", str(tmp_path / "token"))

    def use(url):
        monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", url)

    return use


def given(**values) -> Settings:
    return Settings(**values)


def row(name):
    return next(each for each in chosen()[1] if each.name == name)


def refused_everywhere(found: CheckResult, *signs: str) -> None:
    """A finding that says what was seen, and what to do."""
    assert found.state is not State.OK
    assert found.to_do
    for sign in signs:
        assert sign in f"{found.seen} {found.to_do}"


# Settings


def test_every_setting_is_told_with_its_default(monkeypatch):
    read, rows = chosen()
    assert [each.name for each in rows] == list(Settings.model_fields)
    assert [each.variable for each in rows] == [variable(name) for name in Settings.model_fields]
    assert read == Settings()
    assert not any(each.is_set or each.wrong for each in rows)
    assert all(each.about for each in rows)


def test_what_is_set_is_told_and_used(monkeypatch, tmp_path):
    monkeypatch.setenv("HEADSWEEP_ALLOWED_MODELS", "demo, gpt2")
    monkeypatch.setenv("HEADSWEEP_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("HEADSWEEP_READ_ONLY", "1")
    monkeypatch.setenv("PORT", "8601")
    read, rows = chosen()
    assert read == Settings()
    assert {each.name: each.value for each in rows if each.is_set} == {
        "allowed_models": ["demo", "gpt2"],
        "data_dir": str(tmp_path),
        "read_only": True,
        "port": 8601,
    }
    assert settings_result(rows).state is State.OK


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HEADSWEEP_DEVICE", "gpu"),
        ("PORT", "many"),
        ("HEADSWEEP_BASE_PATH", "a b"),
        ("HEADSWEEP_DATA_DIR", "~nobody-of-this-name/runs"),
    ],
)
def test_a_wrong_setting_hides_no_other(monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    monkeypatch.setenv("HEADSWEEP_MAX_QUEUE", "7")
    read, rows = chosen()
    wrong = [each for each in rows if each.wrong]
    assert [(each.variable, each.value, each.is_set) for each in wrong] == [(name, value, True)]
    default = Settings.model_fields[wrong[0].name].get_default(call_default_factory=True)
    assert getattr(read, wrong[0].name) == default
    assert read.max_queue == 7
    found = settings_result(rows)
    assert found.state is State.PROBLEM
    refused_everywhere(found, name)


def test_a_misspelt_variable_is_named_without_its_value(monkeypatch):
    monkeypatch.setenv("HEADSWEEP_DATABSE_URL", f"postgresql://bob:{SECRET}@host/name")
    monkeypatch.setenv("HEADSWEEP_PORT", "8601")
    found = settings_result(chosen()[1])
    assert found.state is State.PROBLEM
    assert "HEADSWEEP_DATABSE_URL" in found.seen
    assert "HEADSWEEP_DATABASE_URL may be meant" in found.to_do
    assert " PORT may be meant" in found.to_do
    assert SECRET not in repr(found)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (f"postgresql://bob:{SECRET}@host/name", "postgresql://bob:***@host/name"),
        (f"postgresql://bob:{SECRET}@x/y@host:5432/a", "postgresql://bob:***@host:5432/a"),
        (f"postgresql://bob:a?{SECRET}@host/name", "postgresql://bob:***@host/name"),
        (
            f"postgres://host/name?user=bob&password={SECRET}&sslmode=require",
            "postgres://host/name?user=bob&password=***&sslmode=require",
        ),
        ("postgresql://bob@host/name", "postgresql://bob@host/name"),
        ("postgresql://host/name", "postgresql://host/name"),
        ("sqlite:////home/a:b@c/runs.sqlite3", "sqlite:////home/a:b@c/runs.sqlite3"),
    ],
)
def test_a_password_is_hidden_wherever_it_stands(monkeypatch, url, shown):
    monkeypatch.setenv("HEADSWEEP_DATABASE_URL", url)
    assert masked(url) == shown
    assert row("database_url").value == shown
    assert any(SECRET in each for each in passwords(url)) == (SECRET in url)


@pytest.mark.parametrize("url", [f"mysql://bob:{SECRET}@host/name", f"{SECRET}@host", SECRET])
def test_of_a_wrong_database_url_nothing_is_told(monkeypatch, url):
    monkeypatch.setenv("HEADSWEEP_DATABASE_URL", url)
    _, rows = chosen()
    assert row("database_url").wrong
    assert SECRET[:12] not in repr((rows, settings_result(rows)))


# How a check is run


def test_a_check_that_throws_is_a_problem_with_its_text():
    def broken(_):
        raise RuntimeError("the wheel\ncame off")

    found = run_check(Check("wheel", broken), given()).found
    assert found.state is State.PROBLEM
    assert "RuntimeError: the wheel came off" in found.seen
    assert found.to_do


def test_a_check_that_hangs_is_left_behind():
    held = threading.Event()
    check = Check("held", lambda _: held.wait(60), limit_s=0.1, late=State.WARNING)
    started = time.monotonic()
    found = run_check(check, given()).found
    held.set()
    assert time.monotonic() - started < 5
    assert found.state is State.WARNING
    refused_everywhere(found, "0.1 s")


def test_a_check_whose_setting_is_wrong_is_not_made():
    made = []
    check = Check("port", lambda _: made.append(1), uses=("port",))
    refused_everywhere(run_check(check, given(), wrong=["port"]).found, "PORT")
    assert not made


def test_the_checks_name_settings_that_there_are():
    assert {name for check in CHECKS for name in check.uses} <= set(Settings.model_fields)
    names = [check.name for check in CHECKS]
    assert len(names) == len(set(names))
    assert catalogue.entry(hub.ASKED_FOR) is not None


# Software


@pytest.mark.parametrize("name", software.PACKAGES)
def test_the_packages_here_are_those_asked_for(name):
    assert software.package(name, given()) == CheckResult(
        State.OK, importlib.metadata.version(name)
    )


def test_a_package_that_is_absent_or_too_old(monkeypatch):
    monkeypatch.setattr(software, "version", lambda name: "0.1")
    found = software.package("torch", given())
    assert found.state is State.WARNING
    refused_everywhere(found, "0.1", ">=2.6")

    def absent(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(software, "version", absent)
    monkeypatch.setattr(software, "requires", absent)
    assert software.package("torch", given()).state is State.PROBLEM


def test_without_a_browser_the_page_still_saves_pictures(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(browser, "APPLICATIONS", {})
    monkeypatch.delenv(browser.VARIABLE, raising=False)
    found = software.browser(given())
    assert found.state is State.WARNING
    refused_everywhere(found, "from the page")
    monkeypatch.setenv(browser.VARIABLE, "absent-browser")
    refused_everywhere(software.browser(given()), "absent-browser")
    monkeypatch.setenv(browser.VARIABLE, shutil.which("sh", path="/bin:/usr/bin"))
    assert software.browser(given()).state is State.OK


# The machine


def test_the_device_is_the_one_that_loading_chooses():
    found = machine.device(given())
    assert found.state is State.OK
    assert found.seen.startswith(f"auto is {resolve_device('auto')};")
    assert machine.device(given(device="cpu")).seen.startswith("cpu;")


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has CUDA")
def test_a_device_that_is_not_there():
    found = machine.device(given(device="cuda"))
    assert found.state is State.PROBLEM
    refused_everywhere(found, "cuda", "HEADSWEEP_DEVICE")


def test_less_memory_than_a_sweep_may_hold(monkeypatch):
    monkeypatch.setattr(machine, "free_memory", lambda: 16_000_000)
    assert machine.memory(given(memory_mb=16)).state is State.OK
    refused_everywhere(machine.memory(given(memory_mb=17)), "HEADSWEEP_MEMORY_MB")


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, 2000 * 1024),
        ({"memory.max": "max", "memory.current": "5"}, 2000 * 1024),
        (
            {
                "memory.max": "1000000",
                "memory.current": "900000",
                "memory.stat": "anon 1\ninactive_file 50000\n",
            },
            150_000,
        ),
        (
            {
                "memory/memory.limit_in_bytes": "1000000",
                "memory/memory.usage_in_bytes": "900000",
                "memory/memory.stat": "inactive_file 7\ntotal_inactive_file 20000\n",
            },
            120_000,
        ),
    ],
)
def test_a_container_has_no_more_memory_than_its_limit(tmp_path, files, expected):
    (tmp_path / "meminfo").write_text("MemTotal: 9000 kB\nMemAvailable:   2000 kB\n")
    (tmp_path / "memory").mkdir()
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    assert machine.free_memory(tmp_path / "meminfo", tmp_path) == expected
    assert machine.free_memory(tmp_path / "absent", tmp_path) is None


def test_a_disk_gets_fuller(monkeypatch, tmp_path):
    free = shutil.disk_usage(tmp_path).free
    folder = tmp_path / "not" / "yet"
    monkeypatch.setattr(machine, "LITTLE_DISK", free / 2)
    monkeypatch.setattr(machine, "NO_DISK", free / 4)
    assert machine.disk_for_runs(given(data_dir=folder)).state is State.OK
    monkeypatch.setattr(machine, "LITTLE_DISK", free * 2)
    assert machine.disk_for_runs(given(data_dir=folder)).state is State.WARNING
    monkeypatch.setattr(machine, "NO_DISK", free * 2)
    found = machine.disk_for_runs(given(database_url=f"sqlite:///{folder}/runs.sqlite3"))
    assert found.state is State.PROBLEM
    refused_everywhere(found, str(folder), "HEADSWEEP_DATA_DIR")
    assert machine.disk_for_runs(given(database_url="postgresql://host/x")).state is State.OK
    assert not folder.exists()


def test_the_port():
    port = free_port()
    assert machine.port(given(PORT=port)).state is State.OK
    with socket.socket() as taken:
        taken.bind(("localhost", port))
        taken.listen()
        found = machine.port(given(PORT=port))
    assert found.state is State.WARNING
    refused_everywhere(found, str(port))
    elsewhere = machine.port(given(PORT=port, address="192.0.2.1"))  # of no machine (RFC 5737)
    assert elsewhere.state is State.PROBLEM
    refused_everywhere(elsewhere, "192.0.2.1", "HEADSWEEP_ADDRESS")


def test_who_can_open_the_dashboard_is_said():
    assert "only this machine" in machine.address(given()).seen
    assert "anyone on the network" in machine.address(given(address="0.0.0.0")).seen
    assert "whoever reaches" in machine.address(given(address="192.0.2.1")).seen


# The database


def test_a_database_that_is_still_to_be_made_is_not_made(tmp_path):
    found = database(given(data_dir=tmp_path / "runs"))
    assert found.state is State.OK
    assert str(tmp_path / "runs" / "runs.sqlite3") in found.seen
    assert list(tmp_path.iterdir()) == []


def test_a_folder_whose_name_is_no_unicode(tmp_path):
    found = database(given(data_dir=tmp_path / os.fsdecode(b"a\xffb")))
    assert found.state is State.PROBLEM
    assert "not UTF-8" in found.seen


def test_a_folder_that_is_a_file(tmp_path):
    (tmp_path / "file").write_text("")
    found = database(given(data_dir=tmp_path / "file"))
    assert found.state is State.PROBLEM
    refused_everywhere(found, "file", "HEADSWEEP_DATA_DIR")


@pytest.fixture
def kept(tmp_path):
    """The file of a database with one run."""
    file = tmp_path / "runs.sqlite3"
    store = Store(f"sqlite:///{file}")
    store.keep(example.saved())
    store.close()
    return file


def dump(file):
    with closing(sqlite3.connect(file)) as connection:
        return list(connection.iterdump())


def test_a_database_is_counted_written_and_left_as_it_was(kept):
    before = dump(kept)
    found = database(given(data_dir=kept.parent))
    assert found.state is State.OK
    assert f"schema {VERSION}, 1 run, can be written" in found.seen
    assert dump(kept) == before
    assert list(kept.parent.iterdir()) == [kept]


@pytest.mark.parametrize("read_only", [False, True])
def test_an_older_database_is_told_of_and_stays_as_it_is(tmp_path, read_only):
    file = tmp_path / "runs.sqlite3"
    shutil.copy(V1 / "database" / "runs.sqlite3", file)
    before = dump(file)
    found = database(given(data_dir=tmp_path, read_only=read_only))
    assert found.state is State.OK
    if read_only:
        assert "schema 1, 14 runs, read-only" in found.seen
    else:
        assert f"schema 1 (the next start brings it to {VERSION}, after a copy" in found.seen
    assert dump(file) == before
    assert not list(tmp_path.glob("*before*"))


def test_read_only_is_said_and_writes_nothing(kept, tmp_path):
    found = database(given(data_dir=kept.parent, read_only=True))
    assert found.state is State.OK
    assert "1 run, read-only" in found.seen
    nothing = database(given(data_dir=tmp_path / "none", read_only=True))
    assert nothing.state is State.WARNING
    refused_everywhere(nothing, "HEADSWEEP_READ_ONLY")
    assert not (tmp_path / "none").exists()


@pytest.mark.slow
def test_the_path_that_the_embedded_model_takes(monkeypatch):
    assert models.path(Settings()) == CheckResult(
        State.OK, "The embedded model takes the fast path."
    )

    with monkeypatch.context() as patched:
        patched.setenv("PORT", "none")
        settings.cache_clear()
        refused_everywhere(models.path(Settings.model_construct()), "Not looked at: PORT='none'")
        settings.cache_clear()

    def moved(*_):
        raise ImportError("a name has moved")

    monkeypatch.setattr("core.checkpoints.boot.stack_of", moved)
    found = models.path(Settings())
    assert found.state is State.WARNING
    assert "takes the slower path, with the same numbers: " in found.seen
    assert "a name has moved" in found.seen
    assert "take longer" in found.to_do


def test_a_damaged_database(kept):
    kept.write_bytes(b"not a database at all" * 100)
    found = database(given(data_dir=kept.parent))
    assert found.state is State.PROBLEM
    refused_everywhere(found, "damaged", "Put a copy of it back")
    assert kept.read_bytes() == b"not a database at all" * 100


def test_a_database_of_a_newer_headsweep(kept):
    with closing(sqlite3.connect(kept)) as connection:
        connection.execute("UPDATE headsweep SET value = '99'")
        connection.commit()
    found = database(given(data_dir=kept.parent))
    assert found.state is State.PROBLEM
    refused_everywhere(found, "newer Headsweep (schema 99")


def test_a_database_that_another_program_holds(kept, monkeypatch):
    monkeypatch.setattr("core.store.connect.BUSY_SECONDS", 0.1)
    with closing(sqlite3.connect(kept)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        found = database(given(data_dir=kept.parent))
    assert found.state is State.PROBLEM
    refused_everywhere(found, "locked")


def test_a_server_that_is_not_there(monkeypatch):
    monkeypatch.setattr("core.store.connect.BUSY_SECONDS", 1.0)
    url = f"postgresql://bob:{SECRET}@localhost:{free_port()}/runs"
    found = database(given(database_url=url))
    assert found.state is State.PROBLEM
    refused_everywhere(found, "cannot be reached", "HEADSWEEP_DATABASE_URL")
    assert SECRET not in repr(found)


@pytest.mark.parametrize("password", [f"x@{SECRET}", f"x@y:{SECRET}"])
def test_a_password_with_an_at_sign_is_not_sent_to_a_wrong_host(password):
    found = database(given(database_url=f"postgresql://bob:{password}@localhost/runs"))
    assert found.state is State.PROBLEM
    refused_everywhere(found, "cannot be read")
    assert SECRET not in repr(found)


def test_what_a_driver_quotes_holds_no_password(monkeypatch):
    def quoting(url, **_):
        raise RuntimeError(f"no way to {url}, nor with hunter2 horse")

    monkeypatch.setattr("core.doctor.database.open_engine", quoting)
    found = database(given(database_url="postgresql://bob:hunter2%20horse@localhost/runs"))
    assert found.state is State.PROBLEM
    assert "no way to" in found.seen
    assert "hunter2" not in repr(found)


@pytest.mark.slow
@pytest.mark.skipif(programs() is None, reason="no PostgreSQL server is installed")
def test_a_postgresql_server_is_written_to_and_left_as_it_was():
    with postgres() as url:
        empty = database(given(database_url=url, read_only=True))
        assert empty.state is State.WARNING
        refused_everywhere(empty, url, "HEADSWEEP_READ_ONLY")
        store = Store(url)
        store.keep(example.saved())
        found = database(given(database_url=url))
        assert found.state is State.OK
        assert found.seen.startswith("PostgreSQL ")
        assert f"schema {VERSION}, 1 run, can be written" in found.seen
        with store._engine.connect() as connection:
            rows = connection.exec_driver_sql("SELECT name FROM headsweep").all()
        assert [name for (name,) in rows] == ["schema"]
        store.close()


# The models


def test_the_embedded_model_is_whole():
    assert models.embedded(given()).state is State.OK


def test_one_changed_byte_of_the_embedded_model_is_seen(monkeypatch, tmp_path):
    folder = tmp_path / "model"
    shutil.copytree(catalogue.DEMO_FOLDER, folder)
    monkeypatch.setattr(catalogue, "DEMO_FOLDER", folder)
    assert models.embedded(given()).state is State.OK
    weights = folder / "model.safetensors"
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)
    found = models.embedded(given())
    assert found.state is State.PROBLEM
    refused_everywhere(found, "Changed", "Install Headsweep again")
    shutil.rmtree(folder)
    refused_everywhere(models.embedded(given()), "missing")


@pytest.mark.slow
def test_without_the_embedded_model_the_rest_is_still_looked_at(tmp_path):
    """With its files gone not even the catalogue can be imported."""
    shutil.copytree(ROOT / "core", tmp_path / "core", ignore=shutil.ignore_patterns("model"))
    program = (
        "import json; from core.doctor.examination import examine\n"
        "print(json.dumps({each.name: each.found.state for each in examine().findings}))"
    )
    done = processes.run(("-c", program), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    states = json.loads(done.stdout)
    assert states["embedded model"] == states["models here"] == "problem"
    assert states["device"] == states["database"] == "ok"


def test_the_embedded_model_is_on_this_machine(online):
    assert models.on_this_machine(given()).seen.endswith("in the catalogue: demo.")


def test_a_hub_that_answers(online, checkpoint):
    with serving({hub.ASKED_FOR: checkpoint("gpt2")}) as server:
        online(server.url)
        found = hub.hub(given())
        assert server.requests[-1] == ("GET", f"api/models/{hub.ASKED_FOR}")
    assert found.state is State.OK
    assert server.url.removeprefix("http://") in found.seen


@pytest.mark.parametrize(
    ("faults", "sign"),
    [
        ({"status": 503}, "answered 503"),
        ({"page": b"<html>Log in</html>"}, "login page"),
        ({"private": True}, "HF_TOKEN"),
    ],
)
def test_a_hub_that_answers_otherwise(online, checkpoint, faults, sign):
    with serving({hub.ASKED_FOR: checkpoint("gpt2")}, **faults) as server:
        online(server.url)
        found = hub.hub(given())
    assert found.state is State.WARNING
    refused_everywhere(found, sign, hub.STILL_WORK)


def test_a_hub_that_is_not_there(online):
    online(f"http://bob:{SECRET}@127.0.0.1:{free_port()}")
    found = hub.hub(given())
    assert found.state is State.WARNING
    refused_everywhere(found, "127.0.0.1", "cannot be reached", hub.STILL_WORK)
    assert SECRET not in repr(found)


def test_a_hub_that_stays_silent(online, monkeypatch):
    monkeypatch.setattr(hub, "TIMEOUT_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        online(f"http://127.0.0.1:{silent.getsockname()[1]}")
        found = hub.hub(given())
    assert found.state is State.WARNING
    refused_everywhere(found, "cannot be reached")


def test_offline_mode_is_said(online, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    found = hub.hub(given())
    assert found.state is State.WARNING
    refused_everywhere(found, "HF_HUB_OFFLINE", hub.STILL_WORK)


def test_each_allowed_model_is_looked_for(online, checkpoint, tmp_path):
    folder = str(checkpoint("gpt2"))
    with serving({"org/tiny": checkpoint("gpt2")}) as server:
        online(server.url)
        found = models.allowed(given(allowed_models=("demo", folder, "org/tiny")))
        assert found == CheckResult(
            State.OK, f"demo: here; {folder}: here; org/tiny: to be downloaded."
        )
        for wrong in (str(tmp_path / "absent"), str(tmp_path), "org/absent"):
            found = models.allowed(given(allowed_models=("demo", wrong)))
            assert found.state is State.PROBLEM
            refused_everywhere(found, f"{wrong}: no", "HEADSWEEP_ALLOWED_MODELS")
    assert models.allowed(given()).state is State.OK


def test_a_hub_that_does_not_answer_is_asked_for_one_model_only(online):
    with serving({}, status=500) as server:
        online(server.url)
        found = models.allowed(given(allowed_models=("demo", "gpt2", "distilgpt2")))
        assert [path for _, path in server.requests if "models" in path] == [
            f"api/models/{hub.ASKED_FOR}"
        ]
    assert found.state is State.WARNING
    refused_everywhere(found, "gpt2: not here", "distilgpt2: not here")

"""What holds for every command: numbers are digits alone, and settings are checked."""

import json

import pytest
from support.command_line import refused
from typer.main import get_command

from core.cli.app import app
from core.settings import settings

SPEC = ["--prompt", "red green blue red green", "--target", " blue"]
COMMANDS = {
    "sweep": SPEC,
    "head": [*SPEC, "--head", "L0H0"],
    "joint": [*SPEC, "--heads", "L0H0"],
    "roles": [],
    "patch": [*SPEC, "--ablation", "resample", "--corrupted-prompt", "green blue red green red"],
    "knock-out": [*SPEC, "--head", "L0H0", "--query", "2", "--key", "1"],
    "dose": [*SPEC, "--heads", "L0H0"],
    "models": [],
    "serve": [],
    "open": ["--no-browser"],
    "runs": ["list"],
}


@pytest.mark.parametrize("number", ["1_0", "+1", "1.0", "1e1", "\u0663", "", "9" * 5000, "ten"])
@pytest.mark.parametrize(
    ("command", "option"),
    [
        (["head", *COMMANDS["head"]], "--query"),
        (["head", *COMMANDS["head"]], "--key"),
        (["patch", *COMMANDS["patch"]], "--layer"),
        (["runs", "list"], "--limit"),
        (["serve"], "--port"),
    ],
    ids=lambda given: given if isinstance(given, str) else given[0],
)
def test_a_whole_number_is_ascii_digits_alone(inside, command, option, number):
    said = refused(inside(*command, option, number))
    assert f"'{option}'" in said
    assert "is no whole number: write digits alone" in said
    assert len(said) < 200


@pytest.mark.parametrize("number", ["0_5", "nan", "inf", "1e999", "half", ""])
def test_a_fraction_is_a_number_that_a_person_writes(inside, number):
    asked = ["joint", *COMMANDS["joint"], "--predict", "holds", "--predicted-prob", number]
    assert "'--predicted-prob'" in refused(inside(*asked))


@pytest.mark.parametrize("limit", ["0", "-1", "10001"])
def test_a_number_out_of_its_limits_names_them(inside, limit):
    assert "is not from 1 to 10000" in refused(inside("runs", "list", "--limit", limit))


def test_a_number_in_its_limits_is_taken(inside):
    assert inside("runs", "list", "--limit", " 7 ").returncode == 0


@pytest.fixture
def misspelt(monkeypatch):
    """A setting that there is not, for a process that has read none yet."""
    monkeypatch.setenv("HEADSWEEP_READ_ONLI", "true")
    monkeypatch.setattr("core.store.keeper.KEEPER._store", None)
    settings.cache_clear()
    yield
    settings.cache_clear()


@pytest.mark.parametrize("command", COMMANDS)
def test_a_setting_that_there_is_not_is_refused_by_every_command(inside, misspelt, command):
    said = refused(inside(command, *COMMANDS[command]))
    assert "There is no setting HEADSWEEP_READ_ONLI: headsweep doctor lists them all." in said


def test_every_command_but_the_doctor_is_among_them():
    assert set(get_command(app).commands) == {*COMMANDS, "doctor"}


@pytest.fixture
def zero(monkeypatch):
    """An operator who has chosen another default kind."""
    monkeypatch.setenv("HEADSWEEP_DEFAULT_ABLATION", "zero")
    settings.cache_clear()
    yield
    settings.cache_clear()


@pytest.mark.slow
def test_the_default_kind_is_the_operators_and_an_option_goes_before_it(inside, zero):
    def kind(command, *more):
        done = inside(command, *COMMANDS[command], "--format", "json", *more)
        return json.loads(done.stdout)["spec"]["ablation"]

    assert kind("sweep") == "zero"
    assert kind("sweep", "--ablation", "mean") == "mean"
    assert kind("dose") == "mean-across-heads", "it ablates by no kind"
    assert "--ablation" in refused(inside("patch", *SPEC))

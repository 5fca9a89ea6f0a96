"""The operator's settings: one validated place, errors that name the variable, no password told."""

import os
from pathlib import Path
from typing import get_args

import pytest

from core.errors import InputError
from core.settings import PREFIX, Settings, settings, unknown_variables, variable
from core.spec.ablation import AblationKind, Needs

SECRET = "hunter2"


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    """No setting of whoever runs the tests, and none remembered."""
    for name in list(os.environ):
        if name.startswith(PREFIX) or name == "PORT":
            monkeypatch.delenv(name)
    settings.cache_clear()
    yield
    monkeypatch.undo()
    settings.cache_clear()


def test_nothing_needs_to_be_set():
    found = settings()
    assert found.allowed_models == ()
    assert found.data_dir.is_absolute()
    assert (found.database_url, found.read_only, found.port) == ("", False, 8501)
    assert found is settings()


def test_every_setting_is_taken_from_its_variable(monkeypatch, tmp_path):
    given = {
        "ALLOWED_MODELS": " demo, gpt2 ,,/srv/models/x ",
        "DATA_DIR": str(tmp_path),
        "DATABASE_URL": "postgres://me:x@host/runs",
        "DEVICE": "cpu",
        "DEFAULT_ABLATION": "zero",
        "ADDRESS": "::1",
        "BASE_PATH": "/lab/head-sweep/",
        "ALLOWED_HOSTS": " lab.example, *.lab.example,::1 ,",
        "FRAMED_BY": "https://huggingface.co,http://*.lab.example:8080",
        "READ_ONLY": "yes",
        "MAX_QUEUE": "7",
        "MAX_PROMPT_TOKENS": "8",
        "MEMORY_MB": "16",
        "MAX_MODELS": "1",
    }
    assert {variable(name) for name in Settings.model_fields} == {
        "PORT", *(PREFIX + name for name in given)
    }  # fmt: skip
    for name, value in given.items():
        monkeypatch.setenv(PREFIX + name, value)
    monkeypatch.setenv("PORT", "80")
    found = settings()
    assert found.allowed_models == ("demo", "gpt2", "/srv/models/x")
    assert found.allowed_hosts == ("lab.example", "*.lab.example", "::1")
    assert found.framed_by == ("https://huggingface.co", "http://*.lab.example:8080")
    assert (found.data_dir, found.database_url) == (tmp_path, given["DATABASE_URL"])
    assert found.default_ablation == "zero"
    assert (found.device, found.address, found.base_path) == ("cpu", "::1", "lab/head-sweep")
    assert (found.read_only, found.port, found.max_queue) == (True, 80, 7)
    assert (found.max_prompt_tokens, found.memory_bytes, found.max_models) == (8, 16_000_000, 1)


def test_an_empty_variable_is_one_that_is_not_set(monkeypatch):
    for name in Settings.model_fields:
        monkeypatch.setenv(variable(name), "")
    assert settings() == Settings()
    assert settings().port == 8501


def test_the_default_kind_is_any_that_needs_nothing_more():
    """Another would be refused before anybody has typed a letter."""
    taken = get_args(Settings.model_fields["default_ablation"].annotation)
    traits = {kind.value: kind.traits for kind in AblationKind}
    assert list(taken) == [
        name for name, of in traits.items() if of.needs is Needs.NOTHING or of.has_default
    ]


BAD = [
    ("HEADSWEEP_DEFAULT_ABLATION", "resample"), ("HEADSWEEP_DEFAULT_ABLATION", "Zero"),
    ("PORT", "0"), ("PORT", "65536"), ("PORT", "tcp://10.0.0.1:80"), ("PORT", "8501.5"),
    ("HEADSWEEP_DEVICE", "gpu"), ("HEADSWEEP_DEVICE", "CUDA"),
    ("HEADSWEEP_READ_ONLY", "perhaps"), ("HEADSWEEP_READ_ONLY", "2"),
    ("HEADSWEEP_MAX_QUEUE", "0"), ("HEADSWEEP_MAX_QUEUE", "-1"), ("HEADSWEEP_MAX_QUEUE", "many"),
    ("HEADSWEEP_MAX_QUEUE", "9" * 5000),
    *((variable(name), given) for name in ("port", "max_queue", "max_prompt_tokens", "memory_mb",
      "max_models") for given in ("1_0_0", "+100", "100.0", "١٠٠")),
    ("HEADSWEEP_MEMORY_MB", "15"), ("HEADSWEEP_MEMORY_MB", "2 GB"), ("HEADSWEEP_MEMORY_MB", "nan"),
    ("HEADSWEEP_MAX_MODELS", "0"), ("HEADSWEEP_MAX_PROMPT_TOKENS", "0"),
    ("HEADSWEEP_ALLOWED_MODELS", ","), ("HEADSWEEP_ALLOWED_MODELS", "  "),
    ("HEADSWEEP_DATA_DIR", "~nobodyhere/runs"),
    ("HEADSWEEP_ADDRESS", "http://localhost"), ("HEADSWEEP_ADDRESS", "a b"),
    ("HEADSWEEP_BASE_PATH", "a b"), ("HEADSWEEP_BASE_PATH", "lab/../x"),
    ("HEADSWEEP_BASE_PATH", "lab//x"), ("HEADSWEEP_BASE_PATH", "<script>"),
    *(("HEADSWEEP_ALLOWED_HOSTS", each) for each in ("http://lab.example", "lab.example:80",
      "lab.example/x", "a b", "*lab.example", "*.", "a,b c")),
    *(("HEADSWEEP_FRAMED_BY", each) for each in ("lab.example", "https://lab.example/x", "*",
      "https://x;script-src *", "https://a https://b", "data:")),
    ("HEADSWEEP_DATABASE_URL", "mysql://me@host/x"), ("HEADSWEEP_DATABASE_URL", "sqlite://x"),
    ("HEADSWEEP_DATABASE_URL", "sqlite:///"), ("HEADSWEEP_DATABASE_URL", "runs.sqlite3"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value"), BAD)
def test_a_bad_value_names_its_variable(monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    with pytest.raises(InputError) as caught:
        settings()
    assert caught.value.field == "settings"
    assert str(caught.value).startswith(name)
    assert len(str(caught.value)) < 400


def test_every_whole_number_is_read_from_digits_alone():
    numbers = {name for name, field in Settings.model_fields.items() if field.annotation is int}
    assert {variable(name) for name in numbers} <= {name for name, given in BAD if given == "1_0_0"}


def test_several_bad_values_are_all_named(monkeypatch):
    monkeypatch.setenv("PORT", "x")
    monkeypatch.setenv("HEADSWEEP_DEVICE", "y")
    with pytest.raises(InputError, match=r"HEADSWEEP_DEVICE='y'.*; PORT='x'"):
        settings()


@pytest.mark.parametrize("name", ["DATA_DR", "PORT", "ALLOWED_MODEL", "", "DATABASE"])
def test_a_misspelt_variable_is_named(monkeypatch, name):
    monkeypatch.setenv(PREFIX + name, "x")
    assert unknown_variables() == [PREFIX + name]
    with pytest.raises(InputError, match=f"no setting {PREFIX}{name}:"):
        settings()


def test_others_variables_are_theirs(monkeypatch):
    monkeypatch.setenv("HEADSWEEPER_DEVICE", "x")
    monkeypatch.setenv("DEVICE", "x")
    assert settings().device == "auto"


@pytest.mark.parametrize(
    "url",
    [
        SECRET, f"me:{SECRET}@host/x", f"postgres:{SECRET}@host/x", f"{SECRET}@host://x",
        f"mysql://me:{SECRET}@host/x", f"postgresql:/me:{SECRET}@host/x", f" postgresql://{SECRET}",
        f"sqlite://me:{SECRET}@x", f"post gres://{SECRET}",
    ],
)  # fmt: skip
def test_a_wrong_url_is_told_without_what_may_be_a_password(monkeypatch, url):
    monkeypatch.setenv("HEADSWEEP_DATABASE_URL", url)
    with pytest.raises(InputError, match="HEADSWEEP_DATABASE_URL: ") as caught:
        settings()
    assert SECRET not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_right_url_is_in_no_text_of_the_settings(monkeypatch):
    monkeypatch.setenv("HEADSWEEP_DATABASE_URL", f"postgresql://me:{SECRET}@host/x")
    assert SECRET in settings().database_url
    assert SECRET not in f"{settings()!r} {settings()}"
    monkeypatch.setenv("HEADSWEEP_DEVICE", "x")
    settings.cache_clear()
    with pytest.raises(InputError) as caught:
        settings()
    assert SECRET not in str(caught.value)


def test_a_home_folder_is_spelt_out(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("HEADSWEEP_DATA_DIR", "~/runs")
    assert settings().data_dir == tmp_path / "runs"
    assert not (tmp_path / "runs").exists()
    settings.cache_clear()
    monkeypatch.setenv("HEADSWEEP_DATA_DIR", "runs")
    assert settings().data_dir == Path.cwd() / "runs"


@pytest.mark.parametrize(
    ("address", "base", "url"),
    [
        ("localhost", "", "http://localhost:8501"),
        ("0.0.0.0", "lab", "http://localhost:8501/lab"),
        ("::", "", "http://localhost:8501"),
        ("::1", "a/b", "http://[::1]:8501/a/b"),
        ("10.0.0.7", "", "http://10.0.0.7:8501"),
    ],
)
def test_where_a_browser_finds_the_dashboard(monkeypatch, address, base, url):
    monkeypatch.setenv("HEADSWEEP_ADDRESS", address)
    monkeypatch.setenv("HEADSWEEP_BASE_PATH", base)
    assert settings().url == url

"""Which models may be loaded; decided by names alone."""

import builtins
import io
import os
import pwd
import socket
from pathlib import Path

import pytest

from core.checkpoints import catalogue
from core.checkpoints.fingerprint import local_fingerprint
from core.checkpoints.permitted import (
    check_permitted,
    is_permitted,
    permitted_in_links,
    permitted_names,
)
from core.checkpoints.registry import model_key
from core.errors import ModelError
from core.settings import settings


@pytest.fixture(autouse=True)
def nothing_is_read(monkeypatch):
    """No disk, no network and no user database is looked at."""

    def forbidden(*given, **options):
        raise AssertionError(f"looked at: {given}")

    for module, names in (
        (os, ("stat", "lstat", "open", "scandir", "listdir", "readlink", "access")),
        (os.path, ("exists", "isdir", "isfile", "realpath")),
        (builtins, ("open",)),
        (io, ("open",)),
        (socket, ("socket", "getaddrinfo")),
        (pwd, ("getpwnam", "getpwuid")),
    ):
        for name in names:
            monkeypatch.setattr(module, name, forbidden)
    yield
    monkeypatch.undo()
    settings.cache_clear()


@pytest.fixture
def shown_to_the_public(monkeypatch):
    monkeypatch.setenv("HEADSWEEP_READ_ONLY", "true")


@pytest.fixture
def allow(monkeypatch):
    """allow("gpt2,demo"): the operator's list; "" for none."""
    monkeypatch.setenv("HOME", "/home/me")

    def set_(names: str) -> None:
        monkeypatch.setenv("HEADSWEEP_ALLOWED_MODELS", names)
        monkeypatch.setenv("HEADSWEEP_DATA_DIR", "/nowhere")
        settings.cache_clear()
        settings()

    return set_


def test_without_a_list_a_user_may_load_anything_and_a_link_the_known_ones(allow):
    allow("")
    for name in ("demo", "gpt2", "gpt2-small", "openai-community/gpt2", "EleutherAI/pythia-70m"):
        assert is_permitted(name)
        assert permitted_in_links(name)
    for name in ("someone/model", "/etc", "~/model", "../x", "GPT2", "gpt2 ", "gpt2/", "./gpt2"):
        assert is_permitted(name)
        assert not permitted_in_links(name)
    check_permitted("someone/model")
    assert permitted_names() == [known.name for known in catalogue.CATALOGUE]


def test_a_list_allows_what_is_on_it_under_every_name_and_the_embedded_model(allow):
    allow("gpt2-small, EleutherAI/pythia-70m, someone/model")
    for name in ("gpt2", "gpt2-small", "openai-community/gpt2", "pythia-70m", "someone/model"):
        assert is_permitted(name)
        assert permitted_in_links(name)
    assert is_permitted("demo")
    assert is_permitted(str(catalogue.DEMO_FOLDER))
    for name in ("gpt2-medium", "someone/other", "someone", "", "Someone/model", "someone/model/x",
                 "./someone/model", "https://huggingface.co/gpt2", "someone/model\0"):  # fmt: skip
        assert not is_permitted(name)
        assert not permitted_in_links(name)
        with pytest.raises(ModelError, match="choose one of demo, gpt2, pythia-70m, someone/model"):
            check_permitted(name)
    assert permitted_names() == ["demo", "gpt2", "pythia-70m", "someone/model"]


@pytest.mark.parametrize(
    ("listed", "asked", "allowed"),
    [
        ("/srv/models/x", "/srv/models/x", True),
        ("/srv/models/x", "/srv/models/x/", True),
        ("/srv/models/x", "/srv/models/./x", True),
        # Where ".." leads depends on links on the disk, at which nothing here looks.
        ("/srv/models/x", "/srv/models/y/../x", False),
        ("/srv/models/x", "/srv/models/x/..", False),
        ("/srv/models/x", "/srv/models/x/../../../etc", False),
        ("/srv/models/x", "/srv/models/x/inner", False),
        ("/srv/models/x", "/srv/models/xy", False),
        ("/srv/models/x", "/srv/models/X", False),
        ("/srv/models/x", "srv/models/x", False),
        ("/srv/models/x", "/srv/models/x\0", False),
        ("~/model", "/home/me/model", True),
        ("/home/me/model", "~/model", True),
        ("~/model", "~/other/../model", False),
        ("~/model", "~root/model", False),
        ("~/model", "~/../you/model", False),
        ("~you/model", "~you/model", True),
        ("./models/x", f"{Path.cwd()}/models/x", True),
        ("../x", "../x", True),
        ("models/deep/x", "./models/deep/x", True),
        ("org/name", "./org/name", False),
        ("demo", "./demo", False),
    ],
)
def test_a_folder_is_the_same_however_it_is_written_and_no_other(allow, listed, asked, allowed):
    allow(listed)
    assert is_permitted(asked) is allowed
    assert permitted_in_links(asked) is allowed


@pytest.mark.parametrize(
    "name", ["x" * 100_000, "\ud800", "~" * 50, "/" * 5000, "\n", "a\\b", "%00"]
)
def test_no_name_is_too_strange_to_refuse(allow, name):
    allow("gpt2")
    assert not is_permitted(name)
    with pytest.raises(ModelError) as caught:
        check_permitted(name)
    assert len(str(caught.value)) < 600


def test_the_public_may_load_what_is_known_by_name_and_no_folder(shown_to_the_public, allow):
    allow("")
    for name in ("demo", "gpt2-small", "openai-community/gpt2", "EleutherAI/pythia-70m"):
        assert is_permitted(name)
        assert permitted_in_links(name)
    sentences = set()
    for name in ("someone/model", "/etc", "/no/such", "~/model", "~root", "../x", str(Path.cwd())):
        assert not is_permitted(name)
        with pytest.raises(ModelError) as caught:
            check_permitted(name)
        assert model_key(name).stamp == ()
        assert local_fingerprint(name) is None
        sentences.add(str(caught.value).replace(repr(name), "X"))
    assert len(sentences) == 1  # the same for what is there and what is not
    assert permitted_names() == [known.name for known in catalogue.CATALOGUE]


def test_the_public_may_load_what_the_operator_names_instead(shown_to_the_public, allow):
    allow("someone/model,/srv/models/x")
    assert is_permitted("someone/model")
    assert is_permitted("/srv/models/x")
    assert not is_permitted("gpt2")
    assert not is_permitted("/srv/models/y")

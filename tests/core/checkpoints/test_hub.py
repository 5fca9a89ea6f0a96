"""`core.checkpoints.hub` against a hub of our own: what it asks for, keeps and says."""

import errno
import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace

import pytest
from support.command_line import headsweep, refused
from support.hub_server import Hub, environment, serving

from core.checkpoints import hub
from core.cli import main
from core.errors import Cancelled, ModelError

NAME = "org/tiny"
WEIGHTS = "model.safetensors"
INDEX = "model.safetensors.index.json"
SHARDS = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"]
ROOT = Path(hub.__file__).parent.parent.parent
UNWANTED = [
    "pytorch_model.bin",
    "pytorch_model.bin.index.json",
    "tf_model.h5",
    "flax_model.msgpack",
    "modeling_tiny.py",
    "consolidated.safetensors",
    "README.md",
    ".gitattributes",
    "onnx/model.safetensors",
    "onnx/config.json",
    INDEX,
    *SHARDS,
]
"""Files that are not to be fetched beside a single model.safetensors."""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, no token, no waiting between retries, none of the machine's own settings."""
    for name in ("HF_HUB_CACHE", "HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)
    place = tmp_path / "home"
    monkeypatch.setenv("HF_HOME", str(place))
    monkeypatch.setattr("huggingface_hub.constants.HF_TOKEN_PATH", str(place / "token"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DISABLE_XET", False)
    hasty = SimpleNamespace(sleep=lambda seconds: None)
    monkeypatch.setattr("huggingface_hub.file_download.time", hasty)
    monkeypatch.setattr("huggingface_hub.utils._http.time", hasty)
    return place


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch, home: Path) -> Iterator[Callable[..., Hub]]:
    """Start a hub that this process, and what it starts, then talks to."""
    with ExitStack() as stack:

        def start(folder: Path, **faults: object) -> Hub:
            server = stack.enter_context(serving({NAME: folder}, **faults))
            for name, value in environment(server, home).items():
                monkeypatch.setenv(name, value)
            return server

        yield start


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A checkpoint in outline: the right names, and 100 kB that stand for weights."""
    place = tmp_path / "checkpoint"
    place.mkdir()
    (place / "config.json").write_text('{"model_type": "gpt2"}')
    (place / "tokenizer.json").write_text("{}")
    (place / "merges.txt").write_text("#version: 0.2\n")
    (place / WEIGHTS).write_bytes(os.urandom(100_000))
    return place


@pytest.fixture
def sharded(folder: Path) -> Path:
    (folder / WEIGHTS).unlink()
    for name in SHARDS:
        (folder / name).write_bytes(os.urandom(1000))
    weights = {"a": SHARDS[0], "b": SHARDS[1], "c": SHARDS[0]}
    (folder / INDEX).write_text(json.dumps({"weight_map": weights}))
    return folder


def size_of(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir())


def refusal(name: str = NAME) -> str:
    """What a user reads: one sentence that names the model, without a traceback."""
    with pytest.raises(ModelError) as caught:
        hub.fetch(name)
    message = str(caught.value)
    assert caught.value.field == "model"
    assert name in message
    assert "\n" not in message
    assert "/resolve/" not in message
    assert message.endswith(".")
    return message


# What is fetched


@pytest.mark.slow
def test_a_fetched_checkpoint_computes_what_the_original_does(serve, checkpoint):
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    original = checkpoint("gpt2")
    serve(original)

    fetched = hub.fetch(NAME)

    text, logits = "The quick brown fox", []
    for place in (original, fetched):
        tokens = AutoTokenizer.from_pretrained(place)(text, return_tensors="pt")["input_ids"]
        with torch.no_grad():
            logits.append(AutoModelForCausalLM.from_pretrained(place).eval()(tokens).logits)
    assert torch.equal(*logits)


def test_only_configuration_tokenizer_and_the_single_weights_are_fetched(serve, folder):
    for name in UNWANTED:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("{}")
    (folder / "chat_template.jinja").write_text("{{ messages }}")
    server = serve(folder)

    fetched = hub.fetch(NAME)

    wanted = {"config.json", "tokenizer.json", "merges.txt", "chat_template.jinja", WEIGHTS}
    assert sorted(server.files()) == sorted(wanted)
    assert {path.name for path in fetched.iterdir()} == wanted
    assert all((fetched / name).read_bytes() == (folder / name).read_bytes() for name in wanted)


def test_a_sharded_checkpoint_is_what_its_index_names(serve, sharded):
    (sharded / "model-00003-of-00002.safetensors").write_bytes(b"not in the index")
    server = serve(sharded)

    fetched = hub.fetch(NAME)

    assert [name for name in server.files() if "safetensors" in name] == [INDEX, *SHARDS]
    assert hub.cached(NAME) == fetched


# The cache


def test_a_second_fetch_asks_the_hub_nothing(serve, folder):
    server = serve(folder)
    assert hub.cached(NAME) is None
    first = hub.fetch(NAME)
    server.requests.clear()

    assert hub.fetch(NAME) == first
    assert hub.cached(NAME) == first
    assert server.requests == []


@pytest.mark.parametrize("offline", [False, True])
def test_what_is_cached_opens_without_a_hub(offline, folder, home, monkeypatch):
    with serving({NAME: folder}) as server:
        for name, value in environment(server, home).items():
            monkeypatch.setenv(name, value)
        first = hub.fetch(NAME)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", offline)
    assert hub.fetch(NAME) == first


@pytest.mark.parametrize("lost", ["tokenizer.json", WEIGHTS])
def test_a_checkpoint_that_lost_a_file_is_completed(lost, serve, folder):
    server = serve(folder)
    fetched = hub.fetch(NAME)
    (fetched / lost).resolve().unlink()  # as a cleaned cache: the link stays, leading nowhere
    server.requests.clear()

    assert hub.cached(NAME) is None
    seen: list[tuple[int, int | None]] = []
    assert hub.fetch(NAME, lambda done, total: seen.append((done, total))) == fetched
    assert server.files() == [lost]
    assert seen[-1] == (size_of(folder), size_of(folder))
    assert hub.cached(NAME) == fetched


def test_a_checkpoint_without_one_of_its_shards_is_not_complete(serve, sharded):
    serve(sharded)
    fetched = hub.fetch(NAME)
    (fetched / SHARDS[1]).unlink()
    assert hub.cached(NAME) is None


def test_a_checkpoint_that_another_tool_downloaded_counts_as_cached(serve, folder, home):
    from huggingface_hub import constants, hf_hub_download

    server = serve(folder)
    constants.HF_HUB_DISABLE_XET = True
    for path in folder.iterdir():
        found = hf_hub_download(NAME, path.name, cache_dir=home / "hub", endpoint=server.url)
    server.requests.clear()

    assert hub.fetch(NAME) == Path(found).parent
    assert server.requests == []


def test_the_cache_is_where_the_environment_says(serve, folder, home, tmp_path, monkeypatch):
    server = serve(folder)
    assert hub.fetch(NAME).is_relative_to(home / "hub")
    monkeypatch.setenv("SOME_DISK", str(tmp_path))
    monkeypatch.setenv("HF_HUB_CACHE", "$SOME_DISK/elsewhere")
    server.requests.clear()
    assert hub.fetch(NAME).is_relative_to(tmp_path / "elsewhere")
    assert WEIGHTS in server.files()


# Progress and stopping


@pytest.mark.parametrize("kind", ["folder", "sharded"])
def test_progress_only_grows_and_ends_at_the_total(kind, serve, request, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.DOWNLOAD_CHUNK_SIZE", 200)
    place = request.getfixturevalue(kind)
    serve(place)
    seen: list[tuple[int, int | None]] = []
    hub.fetch(NAME, lambda done, total: seen.append((done, total)))

    total = size_of(place)
    assert seen[0] == (0, None)
    assert seen[-1] == (total, total)
    assert {known for _, known in seen} == {None, total}
    counts = [done for done, _ in seen]
    assert counts == sorted(counts)
    assert len(set(counts)) >= 10


@pytest.mark.parametrize(("at", "fetched"), [(0, 1), (1, 2), (50_000, 1)])
def test_what_the_callback_raises_stops_the_download(at, fetched, serve, folder, monkeypatch):
    """Before the first byte, in the first file, in the weights; a finished file stays."""
    monkeypatch.setattr("huggingface_hub.constants.DOWNLOAD_CHUNK_SIZE", 1000)
    server, raised, seen = serve(folder), Cancelled(), []

    def on_progress(done: int, total: int | None) -> None:
        seen.append(done)
        if done >= at:
            raise raised

    with pytest.raises(Cancelled) as caught:
        hub.fetch(NAME, on_progress)
    assert caught.value is raised
    assert seen[-1] < at + 1000
    assert [done for done in seen if done >= at] == seen[-1:]
    assert (WEIGHTS in server.files()) == (at == 50_000)
    assert hub.cached(NAME) is None

    assert hub.fetch(NAME) == hub.cached(NAME)
    assert server.files().count("config.json") == fetched


# What goes wrong, and what is said


@pytest.mark.parametrize("name", ["", "a b", "a/b/c", "../up", "caf\u00e9"])
def test_a_name_that_no_repo_can_have_is_refused_without_asking(name, serve, folder):
    server = serve(folder)
    with pytest.raises(ModelError, match="is not a model name") as caught:
        hub.fetch(name)
    assert repr(name) in str(caught.value)
    assert hub.cached(name) is None
    assert server.requests == []


def test_an_unknown_or_private_repo(serve, folder, monkeypatch):
    server = serve(folder, private=True)
    assert "does not exist or is private" in refusal("someone/else")
    assert "set HF_TOKEN" in refusal()
    monkeypatch.setenv("HF_TOKEN", server.token)
    assert hub.fetch(NAME) == hub.cached(NAME)


def test_a_gated_repo(serve, folder, monkeypatch):
    server = serve(folder, gated=True)
    assert "is gated: accept the terms" in refusal()
    monkeypatch.setenv("HF_TOKEN", server.token)
    assert hub.fetch(NAME) == hub.cached(NAME)


def test_a_disabled_repo(serve, folder):
    serve(folder, disabled=True)
    assert "was disabled by Hugging Face" in refusal()


@pytest.mark.parametrize(("status", "said"), [(500, "has a problem"), (429, "fewer requests")])
@pytest.mark.parametrize("what", ["status", "file_status"])
def test_a_hub_in_trouble(status, said, what, serve, folder):
    serve(folder, **{what: status})
    message = refusal()
    assert said in message
    assert str(status) in message
    assert "demo" in message


def test_a_login_page_in_between(serve, folder):
    serve(folder, page=b"<html>Please log in</html>")
    assert "something else than the files" in refusal()


def test_an_unreachable_hub(monkeypatch):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{closed.getsockname()[1]}"
    monkeypatch.setenv("HF_ENDPOINT", f"http://user:secret@{address}")
    message = refusal()
    assert f"{address} cannot be reached (ConnectError)" in message
    assert "local folder" in message
    assert "secret" not in message


def test_a_hub_that_does_not_answer(monkeypatch):
    monkeypatch.setattr(hub, "TIMEOUT_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{silent.getsockname()[1]}")
        assert "cannot be reached (ReadTimeout)" in refusal()


def test_a_connection_that_keeps_breaking(serve, folder):
    server = serve(folder, cut_after=10)
    assert "broke off" in refusal()
    assert hub.cached(NAME) is None
    server.cut_after = None
    assert hub.fetch(NAME) == hub.cached(NAME)


def test_offline_mode(serve, folder, monkeypatch):
    server = serve(folder)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    message = refusal()
    assert "HF_HUB_OFFLINE forbids" in message
    assert "demo" in message
    assert server.requests == []


@pytest.mark.parametrize(
    ("missing", "instead", "said"),
    [
        (WEIGHTS, "pytorch_model.bin", "has only pickled weights, which could run code"),
        (WEIGHTS, "onnx/model.safetensors", "has no weights"),
        ("config.json", "adapter_config.json", "has no config.json"),
        ("tokenizer.json", "vocabulary.dat", "has no tokenizer"),
    ],
)
def test_a_repo_that_holds_no_usable_checkpoint(missing, instead, said, serve, folder):
    (folder / instead).parent.mkdir(exist_ok=True)
    (folder / missing).rename(folder / instead)
    server = serve(folder)
    assert said in refusal()
    assert server.files() == []


@pytest.mark.parametrize("shard", ["model-9.safetensors", "../x.safetensors", "model.bin"])
def test_an_index_that_names_what_it_should_not(shard, serve, sharded):
    (sharded / "model.bin").write_bytes(b"pickle")
    (sharded / INDEX).write_text(json.dumps({"weight_map": {"a": SHARDS[0], "b": shard}}))
    server = serve(sharded)
    assert "is damaged at the hub" in refusal()
    assert server.files() == [INDEX]


def test_a_full_disk(serve, folder, monkeypatch):
    def fill(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    serve(folder)
    monkeypatch.setattr("huggingface_hub.file_download.http_get", fill)
    message = refusal()
    assert "could not be written to the cache (No space left on device)" in message
    assert "HF_HOME" in message


def test_a_cache_that_cannot_be_written(serve, folder, tmp_path, monkeypatch):
    serve(folder)
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "file"))
    message = refusal()
    assert "could not be written to the cache (Not a directory)" in message
    assert "HF_HOME" in message


# The module and the program


def test_importing_it_imports_nothing_heavy():
    heavy = "torch", "transformer_lens", "transformers", "huggingface_hub", "numpy"
    code = f"import sys, core.checkpoints.hub; print([m for m in {heavy!r} if m in sys.modules])"
    command = [sys.executable, "-c", code]
    asked = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert asked.stdout.strip() == "[]"


SWEEP = "sweep", "--prompt", "The quick brown fox", "--target", " jumps", "--format", "json"


@pytest.mark.slow
def test_the_command_line_sweeps_a_model_of_the_hub(serve, checkpoint):
    server = serve(checkpoint("gpt2"))
    done = headsweep(*SWEEP, "--model", NAME)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["spec"]["model"] == NAME
    assert WEIGHTS in server.files()


def test_the_command_line_says_what_the_hub_does_not_have(serve, folder, capfd):
    serve(folder)
    with pytest.raises(SystemExit) as end:
        main([*SWEEP, "--model", "org/unknown"])
    done = subprocess.CompletedProcess(SWEEP, end.value.code, *capfd.readouterr())
    assert "org/unknown does not exist or is private" in refused(done)

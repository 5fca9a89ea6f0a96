"""Models are loaded once, shared, and dropped oldest first; a failed load changes nothing."""

import os
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import pytest

from core.checkpoints import loading
from core.checkpoints.registry import Registry, key_of, model_key
from core.errors import Cancelled, ModelError
from core.spec.spec import SweepSpec


@pytest.fixture
def folder(checkpoint, tmp_path):
    """A private copy of a checkpoint; folder(name) for more of them."""

    def copy(name="model"):
        if not (tmp_path / name).exists():
            shutil.copytree(checkpoint("gpt2"), tmp_path / name)
        return tmp_path / name

    return copy


@pytest.fixture(scope="module")
def shelf(checkpoint, tmp_path_factory):
    """shelf(name): a copy of a checkpoint that all tests share, so that it is loaded once."""
    root = tmp_path_factory.mktemp("shelf")

    @cache
    def copy(name):
        return shutil.copytree(checkpoint("gpt2"), root / name)

    return copy


@pytest.fixture(scope="module")
def once():
    """`load_model`, which loads each model once: what a registry holds does not depend on it."""
    load = cache(loading.load_model)
    return lambda name, device, dtype, weights, progress: load(
        name, loading.resolve_device(device), dtype, weights
    )


@pytest.fixture
def loaded_once(once, monkeypatch):
    """For tests of what is kept and dropped, which need many models."""
    monkeypatch.setattr(loading, "load_model", once)


def key(path, **options):
    return model_key(str(path), **options)


@pytest.mark.slow
def test_the_same_request_gets_the_same_model(folder):
    registry = Registry()
    assert registry.peek(key(folder())) is None
    model = registry.get(key(folder()))
    assert registry.get(key(folder())) is model
    assert registry.peek(key(folder())) is model


@pytest.mark.slow
@pytest.mark.usefixtures("loaded_once")
def test_other_weights_or_another_dtype_is_another_model(shelf):
    folder = shelf("a")
    keys = {key(folder), key(folder, weights="raw"), key(folder, dtype="bfloat16")}
    assert len(keys) == 3
    registry = Registry()
    raw = registry.get(key(folder, weights="raw"))
    assert raw.weights == "raw"
    assert registry.peek(key(folder)) is None


@pytest.mark.slow
def test_threads_that_ask_at_once_share_one_load(folder):
    registry, start = Registry(), threading.Barrier(4)
    loads, asked = [], key(folder(), weights="raw")

    def ask(_):
        start.wait()
        return registry.get(asked, lambda what, fraction: loads.append(what))

    with ThreadPoolExecutor(4) as pool:
        models = list(pool.map(ask, range(4)))
    assert len(set(map(id, models))) == 1
    assert sum(what.startswith("Checking") for what in loads) == 1


@pytest.mark.slow
def test_who_waits_for_a_load_can_give_up(folder):
    registry, asked = Registry(), key(folder(), weights="raw")
    lock = registry._loading.setdefault(asked, threading.Lock())

    def give_up(what, fraction):
        assert "being loaded" in what
        raise Cancelled

    with lock, pytest.raises(Cancelled):  # as if another thread were loading it
        registry.get(asked, give_up)
    assert registry.get(asked).n_layers == 3


@pytest.mark.slow
@pytest.mark.usefixtures("loaded_once")
def test_the_least_recently_used_is_dropped(shelf):
    registry = Registry(max_models=3)
    keys = [key(shelf(name), weights="raw") for name in "abcd"]
    for each in keys[:-1]:
        registry.get(each)
    first = registry.get(keys[0])
    registry.get(keys[-1])
    assert registry.peek(keys[0]) is first
    assert registry.peek(keys[1]) is None
    assert all(registry.peek(each) is not None for each in keys[2:])


@pytest.mark.slow
def test_a_failed_load_keeps_what_is_loaded_and_may_be_tried_again(folder):
    registry, fine = Registry(), key(folder(), weights="raw")
    model = registry.get(fine)
    bad = folder("bad")
    config = (bad / "config.json").read_text()
    (bad / "config.json").write_text("{")
    broken = key(bad, weights="raw")
    for _ in range(2):
        with pytest.raises(ModelError):
            registry.get(broken)
    assert registry.peek(fine) is model
    (bad / "config.json").write_text(config)
    assert registry.get(key(bad, weights="raw")).n_layers == 3


def test_a_changed_folder_is_another_key(folder):
    before = key(folder())
    assert key(folder()) == before
    path = folder() / "model.safetensors"
    stat = path.stat()
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns + 1))
    assert key(folder()) != before


def test_a_spec_asks_for_its_own_model(folder):
    spec = SweepSpec(str(folder()), "a", " b", weights="raw", dtype="bfloat16")
    assert key_of(spec, "cpu") == key(folder(), dtype="bfloat16", weights="raw", device="cpu")


def test_a_models_names_are_one_key():
    assert model_key("gpt2") == model_key("gpt2-small") == model_key("openai-community/gpt2")
    assert model_key("gpt2").name == "gpt2"


@pytest.mark.parametrize(
    "name", ["", "~no-such-user/model", "a\x00b", "\ud800", "/" + "x" * 5000, "/proc/1/fd"]
)
def test_any_name_at_all_has_a_key(name):
    assert model_key(name).name == name


@pytest.mark.slow
@pytest.mark.usefixtures("loaded_once")
def test_the_embedded_model_is_never_dropped_for_others(shelf):
    models = Registry(max_models=1)
    demo = model_key("demo")
    models.get(demo)
    models.get(key(shelf("a"), weights="raw"))
    models.get(key(shelf("b"), weights="raw"))
    assert models.peek(demo) is not None
    assert models.peek(key(shelf("a"), weights="raw")) is None


@pytest.mark.slow
@pytest.mark.usefixtures("loaded_once")
def test_the_embedded_model_and_its_variants_push_nothing_else_out(shelf):
    models = Registry(max_models=2)
    others = [key(shelf(name), weights="raw") for name in ("a", "b")]
    for each in others:
        models.get(each)
    embedded = [
        model_key("demo", dtype, weights)
        for dtype in ("float32", "bfloat16")
        for weights in ("processed", "raw")
    ]
    for each in embedded:
        models.get(each)
    assert all(models.peek(each) is not None for each in (*others, *embedded))
    models.get(key(shelf("c"), weights="raw"))
    assert models.peek(others[0]) is None
    assert all(models.peek(each) is not None for each in (others[1], *embedded))


@pytest.mark.slow
@pytest.mark.usefixtures("loaded_once")
def test_the_embedded_models_variants_are_bounded_too():
    models = Registry(max_models=1)
    opened = model_key("demo")
    variants = [
        model_key("demo", dtype, weights, device)
        for device in ("auto", "cpu")
        for dtype, weights in (("float32", "raw"), ("bfloat16", "raw"))
    ]
    for each in (opened, *variants):
        models.get(each)
    assert models.peek(opened) is not None
    assert models.peek(variants[0]) is None
    assert all(models.peek(each) is not None for each in variants[1:])

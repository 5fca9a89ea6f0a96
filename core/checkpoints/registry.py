"""The registry of loaded models: each is loaded once and shared by all threads of the process."""

import threading
from collections import OrderedDict
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from core.checkpoints import catalogue
from core.checkpoints.fingerprint import Stamp, stamp_of
from core.checkpoints.permitted import EMBEDDED, is_permitted
from core.settings import settings
from core.spec.spec import Dtype, SweepSpec, Weights

if TYPE_CHECKING:
    from core.checkpoints.loading import ReportProgress
    from core.model.loaded import LoadedModel


class ModelKey(NamedTuple):
    """The key of a loaded model: two requests with equal keys share the model.

    `stamp` changes when the files of a local folder change, so that a retrained checkpoint is
    loaded again.
    """

    name: str
    dtype: Dtype
    weights: Weights
    device: str
    stamp: Stamp = ()


def model_key(
    name: str, dtype: Dtype = "float32", weights: Weights = "processed", device: str = "auto"
) -> ModelKey:
    """The key of a model. Reads only names, sizes and times of a local folder's files."""
    known = catalogue.entry(name)
    stamp: Stamp = ()
    try:
        folder = Path(known.source if known is not None else name).expanduser()
        if is_permitted(name) and folder.is_dir():
            stamp = stamp_of(folder)
    except (OSError, ValueError, RuntimeError):  # not a readable path: loading reports that
        stamp = ()
    return ModelKey(catalogue.canonical(name), dtype, weights, device, stamp)


def key_of(spec: SweepSpec, device: str = "auto") -> ModelKey:
    """The key of the model that a spec asks for."""
    return model_key(spec.model, spec.dtype, spec.weights, device)


class Registry:
    """Loaded models by key. Threads that request the same model wait for one load.

    `max_models` is the number of models to keep beside the embedded one (None: the operator's
    setting). A model that a running sweep uses stays in memory until the sweep ends, also if the
    registry has dropped it.
    """

    def __init__(self, max_models: int | None = None) -> None:
        self._max_models = max_models
        self._models: OrderedDict[ModelKey, LoadedModel] = OrderedDict()
        self._guard = threading.Lock()
        self._loading: dict[ModelKey, threading.Lock] = {}

    def peek(self, key: ModelKey) -> "LoadedModel | None":
        """The model if it is loaded now, else None. Never waits."""
        with self._guard:
            model = self._models.get(key)
            if model is not None:
                self._models.move_to_end(key)
            return model

    def get(self, key: ModelKey, progress: "ReportProgress | None" = None) -> "LoadedModel":
        """The model; loads it if necessary.

        Raises `ModelError` if it cannot be loaded; the other models stay.
        """
        if (model := self.peek(key)) is not None:
            return model
        with self._guard:
            lock = self._loading.setdefault(key, threading.Lock())
        with _waiting(lock, key, progress):
            if (model := self.peek(key)) is not None:
                return model
            from core.checkpoints.loading import load_model

            model = load_model(key.name, key.device, key.dtype, key.weights, progress)
            with self._guard:
                self._models[key] = model
                self._make_room(key)
            return model

    def _make_room(self, newest: ModelKey) -> None:
        """Drop the least recently used models, but never the embedded one: it is small."""
        most = settings().max_models if self._max_models is None else self._max_models
        held = [key for key in self._models if key != newest and key.name != EMBEDDED]
        for key in held[: max(0, len(self._models) - most)]:
            del self._models[key]


class _waiting:  # noqa: N801  # reads as a verb where it is used
    """Hold a lock. While waiting for it, call `progress`, which may raise to cancel the wait."""

    def __init__(
        self, lock: threading.Lock, key: ModelKey, progress: "ReportProgress | None"
    ) -> None:
        self._lock, self._key, self._progress = lock, key, progress

    def __enter__(self) -> None:
        while not self._lock.acquire(timeout=0.2):
            if self._progress is not None:
                self._progress(f"Waiting for {self._key.name}, which is being loaded", None)

    def __exit__(self, *_: object) -> None:
        self._lock.release()


MODELS = Registry()
"""The registry of this process."""

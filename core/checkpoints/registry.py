"""The models this process holds: loaded once, shared by every thread, the oldest dropped."""

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


EMBEDDED_VARIANTS = 3
"""Raw weights, bfloat16, and both: they are small, and leave the other models where they are."""


class ModelKey(NamedTuple):
    """What must be equal for two requests to share a loaded model.

    `stamp` changes when a local folder's files do, so that a retrained checkpoint is loaded anew.
    """

    name: str
    dtype: Dtype
    weights: Weights
    device: str
    stamp: Stamp = ()


def model_key(
    name: str, dtype: Dtype = "float32", weights: Weights = "processed", device: str = "auto"
) -> ModelKey:
    """The key of a model by name; reads a local folder's file times, nothing else."""
    known = catalogue.entry(name)
    stamp: Stamp = ()
    try:
        folder = Path(known.source if known is not None else name).expanduser()
        if is_permitted(name) and folder.is_dir():
            stamp = stamp_of(folder)
    except (OSError, ValueError, RuntimeError):  # no readable path: loading will say so
        stamp = ()
    return ModelKey(catalogue.canonical(name), dtype, weights, device, stamp)


def key_of(spec: SweepSpec, device: str = "auto") -> ModelKey:
    """The key of the model that a spec asks for."""
    return model_key(spec.model, spec.dtype, spec.weights, device)


class Registry:
    """Loaded models by key. Threads that ask for the same one wait for a single load.

    `max_models` are kept beside the embedded one (None: the operator's setting), which is counted
    apart with its variants: it as it opens is always kept, and `EMBEDDED_VARIANTS` of the others.
    A model in use by a running sweep stays alive whatever this says; it is only not kept.
    """

    def __init__(self, max_models: int | None = None) -> None:
        self._max_models = max_models
        self._models: OrderedDict[ModelKey, LoadedModel] = OrderedDict()
        self._guard = threading.Lock()
        self._loading: dict[ModelKey, threading.Lock] = {}

    def peek(self, key: ModelKey) -> "LoadedModel | None":
        """The model if it is loaded now; never waits."""
        with self._guard:
            model = self._models.get(key)
            if model is not None:
                self._models.move_to_end(key)
            return model

    def get(self, key: ModelKey, progress: "ReportProgress | None" = None) -> "LoadedModel":
        """The model, loaded if need be; raises `ModelError` and keeps what is loaded otherwise."""
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
        """Drop the models unused longest, of the embedded one's variants and of all others."""
        most = settings().max_models if self._max_models is None else self._max_models
        variants = [key for key in self._models if key.name == EMBEDDED and not _as_it_opens(key)]
        others = [key for key in self._models if key.name != EMBEDDED]
        for held, room in ((variants, EMBEDDED_VARIANTS), (others, most)):
            for key in [key for key in held if key != newest][: max(0, len(held) - room)]:
                del self._models[key]


def _as_it_opens(key: ModelKey) -> bool:
    """Whether a model is asked for without any choice of dtype or weights."""
    return (key.dtype, key.weights) == ("float32", "processed")


class _waiting:  # noqa: N801  # reads as a verb where it is used
    """Hold a lock, calling `progress` while waiting for it so that a wait can be cancelled."""

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
"""This process's models."""

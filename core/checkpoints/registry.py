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
    from core.checkpoints.folder import ReportProgress
    from core.model.loaded import LoadedModel


EMBEDDED_VARIANTS = 3
"""Raw weights, bfloat16, and both: they are small, and leave the other models where they are."""


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
        # First whether it may be: "~you" is looked up among the users of the machine.
        if is_permitted(name):
            folder = Path(known.source if known is not None else name).expanduser()
            stamp = stamp_of(folder) if folder.is_dir() else ()
    except (OSError, ValueError, RuntimeError):  # not a readable path: loading reports that
        stamp = ()
    return ModelKey(catalogue.canonical(name), dtype, weights, device, stamp)


def key_of(spec: SweepSpec, device: str = "auto") -> ModelKey:
    """The key of the model that a spec asks for."""
    return model_key(spec.model, spec.dtype, spec.weights, device)


class Registry:
    """Loaded models by key. Threads that request the same model wait for one load.

    `max_models` is the number of models to keep beside the embedded one (None: the operator's
    setting). The embedded model is always kept, and `EMBEDDED_VARIANTS` of its variants: they take
    no other model's place. A model that a running sweep uses stays in memory until the sweep ends,
    also if the registry has dropped it.
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
        """Drop the least recently used models, the embedded one's variants counted apart."""
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

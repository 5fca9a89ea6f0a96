"""Keeps finished runs whatever becomes of the database: what cannot be written waits in memory.

A sweep never fails because its database does. What went wrong is in `trouble`, for whoever shows
the run to say; the next chance is taken by itself. A run whose place in the database is another's
does not wait, since no later try would fare better: `refusal` says why it is not kept.
"""

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple, TypeVar

from core.errors import PlaceTakenError, StoreError
from core.results.layer_effects import LayerEffects
from core.results.result import SweepResult
from core.settings import settings
from core.spec.spec import SweepSpec
from core.store.connect import chosen_url
from core.store.head_scores import KeptScores, ScoresOf
from core.store.result_kinds import HEAD_SCORES
from core.store.rows import id_of
from core.store.run import Origin, Run
from core.store.store import Store
from core.store.sweeps import identity_of

AGAIN_SECONDS = 5.0
"""After a failure the database is left alone for so long: each try may wait for a lock."""
MAX_WAITING = 200
"""Runs held in memory for a database that does not come back."""

PATIENT_SECONDS = 1.0
"""A failure that took longer kept somebody waiting."""

Answer = TypeVar("Answer")

_log = logging.getLogger(__name__)


class Waiting(NamedTuple):
    """A finished run that is not in the database yet, and the id that it will have there."""

    run_id: str
    result: SweepResult
    layer_effects: LayerEffects | None


class Keeper:
    """The process's way to its database. Safe to use from any thread."""

    def __init__(self, opened: Callable[[], Store]) -> None:
        self._opened = opened
        self._store: Store | None = None
        self._guard, self._turn = threading.RLock(), threading.RLock()
        self._waiting: OrderedDict[str, tuple[SweepResult, LayerEffects | None]] = OrderedDict()
        self._refused: OrderedDict[str, str] = OrderedDict()
        self._not_before = self._opened_at = 0.0
        self.n_lost = 0
        self._retrying: threading.Thread | None = None
        self._silent: tuple[float, str] = (0.0, "")
        self.trouble = ""

    def store(self) -> Store:
        """The database; raises `StoreError` while it cannot be opened.

        Whoever waited for another's vain attempt makes none of their own. A read-only one that
        has found no database looks again now and then: another Headsweep may have made it.
        """
        with self._guard:
            if self._store is not None and self._store.stands_in and self._looks_again():
                self._store = None
            if self._store is None:
                self._check_silent()
                began = time.monotonic()
                try:
                    self._store = self._opened()
                except StoreError as error:
                    self._note(error, began)
                    raise
                self._opened_at = time.monotonic()
            return self._store

    def _looks_again(self) -> bool:
        return time.monotonic() >= self._opened_at + AGAIN_SECONDS

    def ask(self, what: Callable[[Store], Answer]) -> Answer:
        """Something read from the database; raises `StoreError`.

        One that has kept an asker waiting in vain is not asked again for a while: every page asks.
        """
        self._check_silent()
        began = time.monotonic()
        try:
            return what(self.store())
        except StoreError as error:
            self._note(error, began)
            raise

    def _check_silent(self) -> None:
        until, why = self._silent
        if time.monotonic() < until:
            raise StoreError(why)

    def _note(self, error: StoreError, began: float) -> None:
        now = time.monotonic()
        if now - began > PATIENT_SECONDS:
            self._silent = (now + AGAIN_SECONDS, str(error))

    @property
    def n_waiting(self) -> int:
        """Finished runs that are not in the database yet."""
        return len(self._waiting)

    def waiting(self) -> tuple[Waiting, ...]:
        """The runs that wait, the first in turn first; whoever writes at the moment holds none up.

        One step of the interpreter's, so that no lock is needed.
        """
        return tuple(Waiting(id_of(name), *run) for name, run in tuple(self._waiting.items()))

    def write_within(self, seconds: float) -> None:
        """Try to write what waits, for so long at most: a database may never answer."""
        self._silent = (0.0, "")
        trying = threading.Thread(target=self.retry, kwargs={"now": True}, daemon=True, name="end")
        trying.start()
        trying.join(seconds)

    def refusal(self, run_id: str) -> str:
        """Why a finished run was given up and is not kept; empty where it was not."""
        return self._refused.get(run_id, "")

    def keep(self, result: SweepResult, layer_effects: LayerEffects | None = None) -> str:
        """Keep a finished run; returns its id, whether it could be written now or not."""
        identity = identity_of(result, Origin.COMPUTED)
        with self._turn:
            if len(self._waiting) >= MAX_WAITING and identity not in self._waiting:
                self._waiting.popitem(last=False)
                self.n_lost += 1
                if self.n_lost % MAX_WAITING == 1:  # a log is not to be filled with it
                    _log.error(
                        "%d finished runs are lost: the database does not come back", self.n_lost
                    )
            if layer_effects is None and identity in self._waiting:
                _, layer_effects = self._waiting[identity]
            self._waiting[identity] = (result, layer_effects)
            self._write(patient=True)
        return id_of(identity)

    def add_layer_effects(self, result: SweepResult, layer_effects: LayerEffects) -> None:
        """Put layer effects beside a run kept before; one deleted meanwhile stays deleted."""
        identity = identity_of(result, Origin.COMPUTED)
        with self._turn:
            if identity not in self._waiting and not self._resting():
                try:
                    if not self.store().read_only:
                        self.store().add_layer_effects(id_of(identity), layer_effects)
                    return
                except StoreError as error:
                    self._failed(error)
            self.keep(result, layer_effects)

    def retry(self, *, now: bool = False) -> None:
        """Write what waits: in the background, where that is due, or (`now`) before it returns."""
        if not self._waiting:
            return
        if now:
            with self._turn:
                self._write(patient=False)
        elif not self._resting():
            self._retrying = threading.Thread(target=self._write_if_free, daemon=True, name="keep")
            self._retrying.start()

    def find(self, spec: SweepSpec, fingerprint: str | None = None) -> Run | None:
        """The kept run of a spec; None where there is none, or no database."""
        try:
            return self.ask(lambda store: store.find(spec, fingerprint))
        except StoreError as error:
            _log.warning("No kept run can be found: %s", error)
            return None

    def keep_scores(self, kept: KeptScores) -> None:
        """Keep a model's role scores where that can be done now: they can be measured again."""
        try:
            store = self.store()
            if not store.read_only:
                store.put(HEAD_SCORES, kept)
        except (StoreError, ValueError) as error:
            _log.warning("Role scores are not kept: %s", error)

    def find_scores(self, of: ScoresOf) -> KeptScores | None:
        """A model's kept role scores; None where there are none, or no database."""
        try:
            found = self.ask(lambda store: store.read(HEAD_SCORES, of.row_id))
        except StoreError as error:
            _log.warning("No kept role scores can be found: %s", error)
            return None
        return None if found is None or found.value.of != of else found.value

    def _write_if_free(self) -> None:
        if self._turn.acquire(blocking=False):  # else somebody is writing, or waits for a lock
            try:
                self._write(patient=True)
            finally:
                self._turn.release()

    def _write(self, *, patient: bool) -> None:
        if patient and self._resting():
            return
        try:
            store = self.store()
            if store.read_only:
                self._waiting.clear()
                return
            while self._waiting:
                identity, (result, layer_effects) = next(iter(self._waiting.items()))
                self._waiting.move_to_end(identity)  # one that fails is in no other's way
                try:
                    _put(store, result, layer_effects)
                    self._refused.pop(id_of(identity), None)
                except PlaceTakenError as error:
                    self._give_up(id_of(identity), error)
                self._waiting.pop(identity)
            self.trouble, self._not_before = "", 0.0
        except StoreError as error:
            self._failed(error)

    def _give_up(self, run_id: str, error: PlaceTakenError) -> None:
        """Note why a run is not kept; of very many only the latest."""
        _log.error("A finished run is given up: %s", error)
        self._refused[run_id] = str(error)
        if len(self._refused) > MAX_WAITING:
            self._refused.popitem(last=False)

    def _resting(self) -> bool:
        return time.monotonic() < self._not_before

    def _failed(self, error: StoreError) -> None:
        if str(error) != self.trouble:
            _log.error("Runs are not kept: %s", error)
        self.trouble = str(error)
        self._not_before = time.monotonic() + AGAIN_SECONDS


def _put(store: Store, result: SweepResult, layer_effects: LayerEffects | None) -> None:
    """Write a run; one that no database can hold (its numbers are not finite) is left out."""
    try:
        run_id = store.keep(result, layer_effects)
        if layer_effects is not None:
            store.add_layer_effects(run_id, layer_effects)
    except ValueError as error:
        _log.error("A run cannot be kept: a number in it is not finite.", exc_info=error)


def _by_settings() -> Store:
    given = settings()
    return Store(chosen_url(given), read_only=given.read_only)


KEEPER = Keeper(_by_settings)
"""This process's."""

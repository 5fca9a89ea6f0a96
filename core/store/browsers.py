"""What each browser has had on screen, known to every tab of it, after F5 and after a restart.

A browser is known by the random id in its cookie. This process holds what it is told in a bounded
memory; a thread writes it to the database, so that no page waits for it. Where nothing can be
written (a read-only server, a database in trouble) the memory is all there is.
"""

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Sequence

from core.errors import StoreError
from core.results.prediction import Looked
from core.store.keeper import KEEPER, Keeper
from core.store.seen import MOST_OF_A_BROWSER, browser_digest, question_digest

MOST_BROWSERS = 2_000
"""Browsers in memory; those not heard of for longest are had from the database again."""
ANEW_SECONDS = 10.0
"""After so long the database is asked again: another server may have been told something."""

_log = logging.getLogger(__name__)


class SeenByBrowsers:
    """What browsers have seen; safe to use from any thread."""

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper
        self._guard, self._turn = threading.Lock(), threading.Lock()
        self._seen: OrderedDict[str, OrderedDict[str, Looked]] = OrderedDict()
        self._read_at: dict[str, float] = {}
        self._pending: OrderedDict[str, dict[str, Looked]] = OrderedDict()
        self._writer: threading.Thread | None = None

    def looked(self, browser: str, question: Sequence[str], *, anew: bool = False) -> Looked:
        """What a browser has seen of a question; `anew` asks the database whatever is known."""
        name = browser_digest(browser)
        self._read(name, anew=anew)
        with self._guard:
            return self._of(name).get(question_digest(browser, question), Looked.NO)

    def mark(self, browser: str, question: Sequence[str], looked: Looked) -> None:
        """A browser has a question's effects on screen."""
        name, digest = browser_digest(browser), question_digest(browser, question)
        with self._guard:
            before = self._of(name).get(digest, Looked.NO)
            self._note(name, digest, looked)
            if before.or_more(looked) is before:
                return
            self._pending.setdefault(name, {})[digest] = looked
            while len(self._pending) > MOST_BROWSERS:
                self._pending.popitem(last=False)
            if self._writer is None:
                self._writer = threading.Thread(target=self._write, daemon=True, name="seen")
                self._writer.start()

    def write_within(self, seconds: float) -> None:
        """Try to write what waits, for so long at most: a database may never answer."""
        trying = threading.Thread(target=self._write, daemon=True, name="seen-end")
        trying.start()
        trying.join(seconds)

    def _read(self, name: str, *, anew: bool) -> None:
        """Take over what the database knows of a browser."""
        with self._guard:
            read_at = self._read_at.get(name)
        if not anew and read_at is not None and time.monotonic() < read_at + ANEW_SECONDS:
            return
        try:
            found = self._keeper.ask(lambda store: {} if store.read_only else store.seen_by(name))
        except StoreError as error:
            _log.warning("What a browser has seen cannot be read: %s", error)
            found = {}
        with self._guard:
            for digest, looked in found.items():
                self._note(name, digest, looked)
            self._of(name)
            self._read_at[name] = time.monotonic()

    def _of(self, name: str) -> OrderedDict[str, Looked]:
        own = self._seen.setdefault(name, OrderedDict())
        self._seen.move_to_end(name)
        while len(self._seen) > MOST_BROWSERS:
            gone, _ = self._seen.popitem(last=False)
            self._read_at.pop(gone, None)
        return own

    def _note(self, name: str, digest: str, looked: Looked) -> None:
        own = self._of(name)
        own[digest] = own.get(digest, Looked.NO).or_more(looked)
        own.move_to_end(digest)
        while len(own) > MOST_OF_A_BROWSER:
            own.popitem(last=False)

    def _write(self) -> None:
        """Write what waits, browser by browser, until nothing does, or nothing can be written."""
        with self._turn:
            while True:
                with self._guard:
                    if not self._pending:
                        self._writer = None  # who marks from here on begins another
                        return
                    name, questions = self._pending.popitem(last=False)
                try:
                    store = self._keeper.store()
                    if store.read_only:
                        continue
                    store.mark_seen(name, questions)
                except StoreError as error:
                    _log.warning("What a browser has seen is not kept yet: %s", error)
                    with self._guard:
                        self._pending[name] = {**questions, **self._pending.get(name, {})}
                        self._writer = None
                    return


SEEN = SeenByBrowsers(KEEPER)
"""This process's."""

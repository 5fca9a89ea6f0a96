"""The end of a server: what still waits for its database is written, or put into files.

Copies come first, since whoever ends a server may not wait long for it: a run that the database
takes after all loses its copy again. A copy is the exported JSON of its run, which the page and
`headsweep open` read.
"""

import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any

from core.errors import StoreError
from core.exports.data import to_json
from core.exports.formats import file_name
from core.settings import settings
from core.store.connect import file_of
from core.store.keeper import Keeper, Waiting
from core.store.run import Label

SECONDS = 5.0
"""How long the database has at the end: `docker stop` kills after ten."""
FOLDER = "rescued"
"""Beside the database, where that can be written."""


@contextmanager
def rescued_at_the_end(
    keeper: Keeper, say: Callable[[str], None] = lambda text: print(text, file=sys.stderr)
) -> Iterator[None]:
    """Whatever ends what is done within, nothing that waits is lost.

    The `ending_signals` and Ctrl-C are among what ends it, in the main thread.
    """
    signals = ending_signals()
    _hear(signals, _ended)
    try:
        yield
    finally:
        # A terminal that is closed may say so twice: the second time must not end this.
        _hear(signals, signal.SIG_IGN)
        said = rescue(keeper)
        _hear(signals, signal.SIG_DFL)
        if said:
            with suppress(OSError):  # the terminal is gone
                say(f"headsweep: {said}")


def ending_signals() -> tuple[signal.Signals, ...]:
    """The signals, but for Ctrl-C, by which a program is told to end: SIGTERM, and SIGHUP.

    The second comes where a terminal is closed or a connection lost. It is none of them where the
    system has none, and where the program was started to outlive that (`nohup`).
    """
    found = [signal.SIGTERM]
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        found.append(signal.SIGHUP)
    return tuple(found)


def _hear(signals: tuple[signal.Signals, ...], handler: Any) -> None:
    with suppress(ValueError):  # not in the main thread, which alone has signals
        for each in signals:
            signal.signal(each, handler)


def rescue(keeper: Keeper, seconds: float = SECONDS) -> str:
    """Write what waits, into files where the database does not take it; returns what became of it.

    Nothing is said where nothing waited.
    """
    waited = keeper.waiting()
    if not waited:
        return ""
    copies = _Copies()
    copies.add(waited)
    keeper.write_within(seconds)
    left = keeper.waiting()
    copies.add(left)
    copies.keep_only({run.run_id for run in left})
    n_kept = len({run.run_id for run in waited} - {run.run_id for run in left})
    return " ".join(filter(None, (_kept(n_kept), *_lost(len(left), keeper.trouble, copies))))


class _Copies:
    """Files of runs, in the first folder that takes them."""

    def __init__(self) -> None:
        self.files: dict[str, Path] = {}
        self.trouble = ""
        self._folders = _folders()
        self._folder: Path | None = None

    def add(self, runs: tuple[Waiting, ...]) -> None:
        """Write a copy of each that has none; one that no folder takes is left without."""
        for run in runs:
            if run.run_id in self.files:
                continue
            try:
                text = to_json(run.result, run.layer_effects, Label())
                name = file_name(run.result, Label(), run.run_id, "json")
            except ValueError:  # a number in it is not finite: no file can hold it
                continue
            self._write(run.run_id, name, text)

    def _write(self, run_id: str, name: str, text: str) -> None:
        while self._folder is not None or self._folders:
            try:
                if self._folder is None:
                    self._folder = self._folders.pop(0)()
                self.files[run_id] = _written(self._folder, name, text)
                return
            except OSError as error:
                self._folder, self.trouble = None, error.strerror or str(error)

    def keep_only(self, run_ids: set[str]) -> None:
        """Take away the copies of all others, and a folder that is empty then."""
        for run_id in self.files.keys() - run_ids:
            file = self.files.pop(run_id)
            with suppress(OSError):
                file.unlink()
                file.parent.rmdir()


def _written(folder: Path, name: str, text: str) -> Path:
    """A file that is there whole, or not at all."""
    part = folder / f"{name}.part"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        part.write_text(text, encoding="utf-8")
        return part.replace(folder / name)
    except OSError:
        with suppress(OSError):
            part.unlink()
        raise


def _folders() -> list[Callable[[], Path]]:
    """Where copies may lie, the best place first; the last is made only where it is needed."""
    given = settings()
    file = None
    with suppress(StoreError):
        file = file_of(given)
    beside = file.parent if file is not None else given.data_dir
    return [
        lambda: beside / FOLDER,
        lambda: Path(tempfile.mkdtemp(prefix="headsweep-rescued-")),
    ]


def _kept(count: int) -> str:
    if not count:
        return ""
    return f"{_runs(count)} that waited for the database {'is' if count == 1 else 'are'} kept now."


def _lost(count: int, trouble: str, copies: _Copies) -> Iterator[str]:
    if not count:
        return
    yield f"{_runs(count)} could not be kept. {trouble or 'The database did not answer in time.'}"
    n_copies = len(copies.files)
    if n_copies:
        folder = next(iter(copies.files.values())).parent
        what = "A copy of it is" if n_copies == 1 else f"Copies of {n_copies} are"
        yield f"{what} in {folder}: open it on the page, or with headsweep open FILE."
    if n_copies < count:
        why = f" ({copies.trouble})" if copies.trouble else ""
        yield f"{_runs(count - n_copies)} could be put nowhere else either{why}: lost."


def _runs(count: int) -> str:
    return "1 finished run" if count == 1 else f"{count:,} finished runs"


def _ended(number: int, _: FrameType | None) -> None:
    """The program ends by an exception, as Ctrl-C has it: its end is not skipped."""
    sys.exit(128 + number)

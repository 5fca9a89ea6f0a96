"""What a test does with a held server: how far its sweeps go, how long its pages wait, whether its
disk is full."""

import time
from dataclasses import dataclass
from pathlib import Path

from support.held_server import ALL


@dataclass(frozen=True)
class Held:
    """A held server by the folder of the files that it looks at."""

    folder: Path
    url: str

    @property
    def environment(self) -> dict[str, str]:
        """What the server is started with."""
        return {
            "HELD_SWEEPS": str(self._allowed),
            "FULL_DISK": str(self.full_disk),
            "PATIENCE": str(self._patience),
            "HEADSWEEP_DATA_DIR": str(self.database.parent),
        }

    @property
    def _allowed(self) -> Path:
        return self.folder / "allowed"

    @property
    def _whose(self) -> Path:
        return self.folder / "whose"

    @property
    def _patience(self) -> Path:
        return self.folder / "patience"

    @property
    def log(self) -> Path:
        """What the server has said."""
        return self.folder / "log.txt"

    @property
    def full_disk(self) -> Path:
        """While this file is there, its database finds no room."""
        return self.folder / "full"

    @property
    def database(self) -> Path:
        return self.folder / "data" / "runs.sqlite3"

    def hold(self, heads: int) -> None:
        """Let no more than so many heads of a held sweep become known; `ALL`: everything."""
        _put(self._allowed, f"{heads} {self._whose.read_text()}")

    def wait_longer(self, seconds: float) -> None:
        """Let a page wait so long for a task before it draws its progress."""
        _put(self._patience, seconds)

    def let_go(self) -> None:
        """Nothing is held, no page waits longer than ours do, and the disk has room.

        What has begun until now is not held any more, whatever the next test holds.
        """
        _put(self._whose, time.monotonic_ns())
        self.hold(ALL)
        self._patience.unlink(missing_ok=True)
        self.full_disk.unlink(missing_ok=True)


def _put(file: Path, number: object) -> None:
    new = file.with_suffix(".new")
    new.write_text(str(number))
    new.rename(file)  # in one step: the server reads it at any moment

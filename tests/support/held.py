"""What a test does with a held server: how far its sweeps go, whether its disk is full."""

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
            "HEADSWEEP_DATA_DIR": str(self.database.parent),
        }

    @property
    def _allowed(self) -> Path:
        return self.folder / "allowed"

    @property
    def full_disk(self) -> Path:
        """While this file is there, its database finds no room."""
        return self.folder / "full"

    @property
    def database(self) -> Path:
        return self.folder / "data" / "runs.sqlite3"

    def hold(self, heads: int) -> None:
        """Let no more than so many heads of a held sweep become known; `ALL`: everything."""
        new = self._allowed.with_suffix(".new")
        new.write_text(str(heads))
        new.rename(self._allowed)  # in one step: the server reads it at any moment

    def let_go(self) -> None:
        """Nothing is held, and the disk has room."""
        self.hold(ALL)
        self.full_disk.unlink(missing_ok=True)

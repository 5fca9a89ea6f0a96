"""What is chosen and where the reader is in the list of kept runs."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class HistoryPage:
    """`picked_runs` are chosen from the list, the first of its lines on screen is number `first`.

    `deleted_runs` are those whose deletion can be undone; `trouble` is why the last change could
    not be made.
    """

    picked_runs: list[str] = field(default_factory=list)
    deleted_runs: tuple[str, ...] = ()
    first: int = 0
    trouble: str = ""

    def pick(self, run_id: str) -> None:
        """Choose a run from the list, or let it go."""
        if run_id in self.picked_runs:
            self.picked_runs.remove(run_id)
        else:
            self.picked_runs.append(run_id)

    def turn(self, lines: int) -> None:
        """Go so many lines down the list, or up."""
        self.first = max(0, self.first + lines)

    def stay_within(self, total: int, at_once: int) -> None:
        """Go back to the last page that has lines, where the list has become shorter."""
        self.first = min(self.first, max(0, total - 1) // at_once * at_once)


@dataclass(slots=True)
class ImportBox:
    """`count` files have been opened: it is in the box's key, which is empty after each.

    `trouble` is why the last one could not be; `opened` says that the page with its run is still
    to be gone to.
    """

    count: int = 0
    trouble: str = ""
    opened: bool = False

    def arrive(self) -> bool:
        """Whether a file has just been opened; asked once for each."""
        opened, self.opened = self.opened, False
        return opened

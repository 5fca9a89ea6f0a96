"""What is chosen and where the reader is in the list of kept runs."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class HistoryPage:
    """`picked_runs` are chosen from the list, the first of its lines on screen is number `first`.

    `picked_predictions` are those of them that are predictions: these cannot be compared.
    `deleted_runs` are those whose deletion can be undone, `deleted_predictions` those of them that
    are predictions; `trouble` is why the last change could not be made.
    """

    picked_runs: list[str] = field(default_factory=list)
    picked_predictions: set[str] = field(default_factory=set)
    deleted_runs: tuple[str, ...] = ()
    deleted_predictions: frozenset[str] = frozenset()
    first: int = 0
    trouble: str = ""

    def pick(self, run_id: str, *, prediction: bool = False) -> None:
        """Choose a line of the list, or let it go."""
        if run_id in self.picked_runs:
            self.picked_runs.remove(run_id)
            self.picked_predictions.discard(run_id)
        else:
            self.picked_runs.append(run_id)
            if prediction:
                self.picked_predictions.add(run_id)

    def pick_none(self) -> None:
        """Let all go."""
        self.picked_runs.clear()
        self.picked_predictions.clear()

    def turn(self, lines: int) -> None:
        """Go so many lines down the list, or up."""
        self.first = max(0, self.first + lines)

    def stay_within(self, total: int, at_once: int) -> None:
        """Go back to the last page that has lines, where the list has become shorter."""
        self.first = min(self.first, max(0, total - 1) // at_once * at_once)


@dataclass(slots=True)
class ImportBox:
    """`count` files have been opened: it is in the box's key, which is empty after each.

    `trouble` is why the last one could not be; `page` is the page with what it held, while that is
    still to be gone to.
    """

    count: int = 0
    trouble: str = ""
    page: str | None = None

    def arrive(self) -> str | None:
        """The page of a file that has just been opened; asked once for each."""
        page, self.page = self.page, None
        return page

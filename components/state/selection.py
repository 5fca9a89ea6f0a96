"""The head that is looked at: one for every page, table and chart of a tab."""

from components.state.address import Address
from core.spec.heads import Head

Shape = tuple[int, int]


def no_such_head(head: Head, model: str, shape: Shape) -> str:
    """What to say of a head that an address asks for and a model does not have."""
    last = Head(shape[0] - 1, shape[1] - 1)
    return (
        f"The address asks for {head.label}, and {model} has L0H0 to {last.label}: "
        "click one of them."
    )


class Selection:
    """The selected head, and whether a link has selected it. `choose` is the only way to set it.

    `clicks` is in the keys of charts: it grows with each selection, so that they are new ones and
    a stale click cannot come back. `tables` is the same for the ranking, whose marked row has to
    go when a head is chosen elsewhere. `turn` is what the heatmap's grid calls its last choice that
    has come here: what was said before it is old there.
    """

    __slots__ = ("_address", "_clicks", "_head", "_in_ranking", "_linked", "_tables", "_turn")

    def __init__(self, address: Address) -> None:
        self._address = address
        self._head: Head | None = None
        self._linked = self._in_ranking = False
        self._clicks = self._tables = self._turn = 0

    @property
    def head(self) -> Head | None:
        """The selected head."""
        return self._head

    @property
    def clicks(self) -> int:
        """How often charts have been made new."""
        return self._clicks

    @property
    def tables(self) -> int:
        """How often the ranking has been made new."""
        return self._tables

    @property
    def turn(self) -> int:
        """The number of the grid's last choice."""
        return self._turn

    def choose(
        self,
        head: Head | None,
        *,
        linked: bool = False,
        by_row: bool = False,
        turn: int | None = None,
    ) -> None:
        """Select a head, or none; what was said of the address is taken back.

        `by_row`: a row of the ranking was marked, or let go. Its table and the charts keep their
        keys: it is walked through by arrow keys and keeps the focus. `turn` comes with a choice in
        the grid.
        """
        if turn is not None:
            self._turn = turn
        self._head, self._linked = head, linked
        self._address.trouble = ""
        if by_row:
            self._in_ranking = head is not None
        else:
            self.renew_keys()

    def mark_row(self) -> None:
        """A row of the ranking is marked that is no head's: the selected head stays."""
        self._in_ranking = True

    def renew_ranking(self) -> None:
        """Give the ranking a new key where a row is marked: it comes up with none."""
        self._tables += self._in_ranking
        self._in_ranking = False

    def renew_keys(self) -> None:
        """Give charts new keys, and the ranking where a row is marked: nothing is clicked there."""
        self._clicks += 1
        self.renew_ranking()

    def fit_quietly(self, shape: Shape) -> None:
        """Let go of a head that is outside a shape: nobody has asked for it there."""
        if self._head is not None and not self._head.within(shape):
            self.choose(None)

    def fit(self, model: str, shape: Shape) -> None:
        """Let go of a head that a model lacks; where a link had asked for it, that is said."""
        head, linked = self._head, self._linked
        if head is None or head.within(shape):
            return
        self.choose(None)
        if linked:
            self._address.trouble = no_such_head(head, model, shape)
            # Not by its reader's doing: the word about it stays.
            self._address.forget("head", "view")

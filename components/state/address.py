"""What this tab has written into the address bar, and what was wrong with what it was asked for."""

from dataclasses import dataclass


@dataclass(slots=True)
class Address:
    """`written` are the parameters written last (None: nothing yet), by the page `page`;
    `trouble` is what to say of an address that could not be opened as it stands. `late` says that
    the page before this one may still have written into the browser's bar.
    """

    written: dict[str, list[str]] | None = None
    page: str = ""
    trouble: str = ""
    late: bool = False

    def forget(self, *names: str) -> None:
        """Take parameters out of what was written: they are no longer what is on screen."""
        kept = {name: texts for name, texts in (self.written or {}).items() if name not in names}
        self.written = kept

"""What one run of a page's script keeps, and takes with it when it ends.

Two runs of one tab overlap: a click begins a new one while the old one is still on its way to the
place where Streamlit stops it. Each is in a thread of its own, so this is kept by thread; what lies
in the tab's `Session` is shared by both.
"""

from collections.abc import Sequence
from contextvars import ContextVar
from typing import Protocol

from streamlit.runtime.scriptrunner import get_script_run_ctx


class Wait(Protocol):
    """What a run stays for when everything is drawn."""

    def is_over(self) -> bool:
        """Whether the page is to be drawn anew, at once."""

    def has_news(self) -> bool:
        """Whether there is more to be drawn than there was, which need not be at once."""

    def tell(self) -> None:
        """Say how far it is, where that has changed."""

    def pause(self) -> None:
        """Let a moment pass."""


_progress: ContextVar[bool] = ContextVar("progress")
_waits: ContextVar[list[Wait]] = ContextVar("waits")
_stands_still: ContextVar[bool] = ContextVar("stands_still")


def begin_run() -> None:
    """A run of a page's script begins."""
    _progress.set(False)
    _waits.set([])
    _stands_still.set(False)


def claim_progress_key(name: str) -> str:
    """Take the key of a progress bar: "progress" is a run's first one, others name theirs."""
    key = f"progress_{name}" if _progress.get(False) else "progress"
    _progress.set(True)
    return key


def wait_in_this_run(wait: Wait) -> None:
    """Let this run stay for something once it has drawn everything."""
    _waits.get().append(wait)


def stand_still() -> None:
    """Let this run stay for nothing: what it shows is not to be drawn anew by itself."""
    _stands_still.set(True)


def waits_of_run() -> Sequence[Wait]:
    """What this run stays for."""
    return () if _stands_still.get() else _waits.get()


def page_of_run() -> str:
    """Streamlit's name of the page that this run is of."""
    context = get_script_run_ctx()
    return "" if context is None else context.page_script_hash

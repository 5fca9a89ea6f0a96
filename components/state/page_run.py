"""What one run of a page's script keeps, and takes with it when it ends.

Two runs of one tab overlap: a click begins a new one while the old one is still on its way to the
place where Streamlit stops it. Each is in a thread of its own, so this is kept by thread; what lies
in the tab's `Session` is shared by both.
"""

from contextvars import ContextVar

from streamlit.runtime.scriptrunner import get_script_run_ctx

_progress: ContextVar[bool] = ContextVar("progress")


def begin_run() -> None:
    """A run of a page's script begins."""
    _progress.set(False)


def claim_progress_key(name: str) -> str:
    """Take the key of a progress bar: "progress" is a run's first one, others name theirs."""
    key = f"progress_{name}" if _progress.get(False) else "progress"
    _progress.set(True)
    return key


def page_of_run() -> str:
    """Streamlit's name of the page that this run is of."""
    context = get_script_run_ctx()
    return "" if context is None else context.page_script_hash

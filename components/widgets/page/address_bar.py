"""The address bar describes what is on screen, so that a link opens it again, here or elsewhere."""

from collections.abc import Callable, Mapping, Sequence

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from components.state import Session
from components.widgets.page.messages import banner

AddressParams = dict[str, list[str]]


def follow_address(
    state: Session,
    page: str,
    here: Callable[[], AddressParams],
    take: Callable[[Mapping[str, Sequence[str]]], str],
) -> None:
    """Take over an address that is not this page's own writing: when a tab is opened by a link,
    and when its reader goes back or forward. `take` returns what is wrong with it, which is said.

    Whoever comes from another page by its link finds everything as they left it.
    """
    now = _now()
    bar = state.address
    arrived = bar.written is None or bar.page != page
    if not arrived and now == bar.written != here():
        bar.trouble = ""  # something else has been put on screen since
    bar.page = page
    bar.late |= arrived or _went_back()
    if (arrived and now) or (not arrived and now != bar.written and _went_back()):
        bar.trouble = take(now)
        # At once: this run may be broken off by the next step back.
        bar.written = here()
    elif arrived:
        bar.written, bar.trouble = now, ""
    if bar.trouble:
        banner(bar.trouble)


def write_address(state: Session, here: AddressParams) -> None:
    """Put what is on screen into the address bar.

    Once after each step between pages whatever this process takes to stand there: words of the last
    page's run that were under way have come into the bar after the step, with its parameters.
    """
    if _now() != here or state.address.late:
        st.query_params.from_dict(here)
    state.address.written, state.address.late = here, False


def _now() -> AddressParams:
    return {name: st.query_params.get_all(name) for name in st.query_params}


def _went_back() -> bool:
    """Whether this run was asked for by the browser's Back or Forward.

    Any other run may carry an address that is older than what was written last: on a busy server
    by many seconds.
    """
    context = get_script_run_ctx()
    return context is not None and context.is_history_navigation

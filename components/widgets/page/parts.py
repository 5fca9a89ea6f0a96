"""The parts of the Sweep page that are drawn again by themselves: Streamlit's fragments, by name.

What is used within a part draws that part again, with all parts in it, and nothing else of the
page. What it changes elsewhere is named by its callback, with `redraw`.
"""

from contextlib import suppress
from enum import StrEnum
from typing import NoReturn

import streamlit as st
from streamlit.errors import StreamlitAPIException

from components.state import Session, outdated
from components.state.page_run import is_of_parts
from components.widgets.page.address_bar import AddressParams, write_address


class Part(StrEnum):
    """The name of a part; the first has the others in it."""

    RESULTS = "part_results"
    GRID = "part_grid"
    RANKING = "part_ranking"
    HEAD = "part_head"
    KINDS = "part_kinds"


def redraw(*parts: Part) -> NoReturn:
    """At the end of a callback: draw these parts again and nothing else; none: the whole page.

    A page without one of them is drawn as a whole.
    """
    if parts:
        with suppress(StreamlitAPIException):
            st.rerun([str(part) for part in parts])
    st.rerun()


def end_part(state: Session, here: AddressParams) -> None:
    """The end of a part: where it was drawn by itself, no page's end writes the address."""
    if not is_of_parts():
        return
    if state.address.trouble and here != state.address.written:
        st.rerun()  # what is said of the address, above all parts, is no longer so
    if state.sweep.result is not None and outdated(state.sweep.result):
        st.rerun()  # which is said there too
    write_address(state, here)

"""A dialog over a page, which stands still until the dialog is closed."""

from collections.abc import Callable
from functools import wraps
from typing import Literal, ParamSpec

import streamlit as st

from components.state.page_run import stand_still

Given = ParamSpec("Given")


def dialog(
    title: str, *, width: Literal["small", "large"] = "small"
) -> Callable[[Callable[Given, None]], Callable[Given, None]]:
    """Make a function draw into a dialog with that title; the page is drawn anew when it closes.

    A page that were drawn anew before, for what it waits for, would have no dialog any more: what
    was typed into it would be lost. And one that stays for its jobs hears no click in a dialog.
    """

    def of(content: Callable[Given, None]) -> Callable[Given, None]:
        open_ = st.dialog(title, width=width, on_dismiss="rerun")(content)

        @wraps(content)
        def opened(*args: Given.args, **kwargs: Given.kwargs) -> None:
            stand_still()
            open_(*args, **kwargs)

        return opened

    return of

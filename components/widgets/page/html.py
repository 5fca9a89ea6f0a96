"""The one door by which HTML comes on the page."""

from typing import Literal

import streamlit as st
from markupsafe import Markup


def show_html(html: Markup, *, width: Literal["stretch", "content"] = "stretch") -> None:
    """Draw HTML whose every text was escaped when it was put in: `components.words.markup`."""
    if not isinstance(html, Markup):  # a type checker may not have seen who calls
        raise TypeError("Only Markup is drawn as HTML: make it with components.words.markup.fill.")
    st.html(str(html), width=width)

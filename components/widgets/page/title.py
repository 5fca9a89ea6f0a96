"""What a page is called: in the browser's tab, and as the heading that comes first on it."""

import streamlit as st

from components.widgets.page.html import show_html
from components.words.markup import fill


def page_title(title: str) -> None:
    """Name the page; the heading is for who hears it, as the navigation shows the same."""
    st.set_page_config(page_title=f"{title} · Headsweep")
    st.button("Draw the page again", key="redraw")  # pressed by theme.js, and not seen
    show_html(fill('<h1 class="hs-unseen hs-page-title" tabindex="-1">{}</h1>', title))

"""The page's style sheet and its colours, which are the look's: nothing typed gets in here."""

import streamlit as st

from components.assets import asset
from components.figures.base.look import MONO, Look
from components.widgets.page.html import show_html
from components.widgets.page.key_list import key_list
from components.words.markup import fill


def page_style(look: Look) -> None:
    """Spacing, the token strip, the facts: what Streamlit's theme has no setting for."""
    amber = "#e0a33a" if look.dark else "#9a6200"
    on_accent = "#101218" if look.dark else "#ffffff"
    red = "#ff8f73" if look.dark else "#b3261e"
    scheme = "dark" if look.dark else "light"
    chip = "#1d1f26" if look.dark else "#ffffff"
    st.html(
        f"""<style>
:root {{ --hs-scheme:{scheme}; --hs-ink:{look.ink}; --hs-quiet:{look.quiet};
  --hs-line:{look.line}; --hs-accent:{look.accent}; --hs-on-accent:{on_accent}; --hs-chip:{chip};
  --hs-amber:{amber}; --hs-red:{red};
  --hs-mono:{MONO}; }}
{asset("css/page.css")}
{asset("css/head_grid.css")}
{asset("css/tour.css")}
{asset("css/terms.css")}
{asset("css/starters.css")}
{asset("css/access.css")}
{asset("css/print.css")}
</style>"""
    )


def brand() -> None:
    """The product's name and its one question, in the header beside the pages."""
    show_html(
        fill(
            '<div class="hs-brand"><b>Headsweep</b><span>Which attention heads does this '
            "prediction need? Ablate each one and see.</span>{}</div>",
            key_list(),
        )
    )

"""What tests read off a page's script that Streamlit's AppTest has run."""

from typing import Any

from support.terms import without_marks


def page_html(app: Any) -> str:
    """All the markup that a page shows, its spaces plain ones and its terms as words."""
    shown = " ".join(str(getattr(h.proto, "body", "")) for h in app.get("html"))
    return without_marks(shown).replace("\u00a0", " ")

"""What tests read off a page's script that Streamlit's AppTest has run."""

from typing import Any


def page_html(app: Any) -> str:
    """All the markup that a page shows, its spaces plain ones."""
    shown = " ".join(str(getattr(h.proto, "body", "")) for h in app.get("html"))
    return shown.replace("\u00a0", " ")

"""What tests read off a page's script that Streamlit's AppTest has run."""

from typing import Any


def page_html(app: Any) -> str:
    """All the markup that a page shows."""
    return " ".join(str(getattr(h.proto, "body", "")) for h in app.get("html"))

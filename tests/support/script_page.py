"""What tests read off a page's script that Streamlit's AppTest has run."""

import re
from typing import Any

_MARKED = re.compile(r"</?dfn\b[^>]*>")


def page_html(app: Any) -> str:
    """All the markup that a page shows, its spaces plain ones and its terms as words."""
    shown = " ".join(str(getattr(h.proto, "body", "")) for h in app.get("html"))
    return _MARKED.sub("", shown).replace("\u00a0", " ")

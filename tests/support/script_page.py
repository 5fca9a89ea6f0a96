"""What tests read off a page's script that Streamlit's AppTest has run."""

from typing import Any

from support.terms import without_marks


def page_html(app: Any) -> str:
    """All the markup that a page shows, its spaces plain ones and its terms as words."""
    shown = " ".join(str(getattr(h.proto, "body", "")) for h in app.get("html"))
    return without_marks(shown).replace("\u00a0", " ")


def unfolded(app: Any) -> Any:
    """The Sweep page with its composer open."""
    folded = any(button.key == "edit" for button in app.button)
    return app.button(key="edit").click().run() if folded else app


def with_detail(app: Any, name: str) -> Any:
    """The Sweep page with one of its details: "ranking", "kinds" or "provenance"."""
    app.session_state["detail"] = name
    return app.run()

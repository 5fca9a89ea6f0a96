"""How every page begins."""

from components.figures.look import Look
from components.state import Session, look, session
from components.warm import warm_up
from components.widgets.style import brand, page_style


def begin_page() -> tuple[Session, Look]:
    """This tab's state, brought up to date, and the browser's look; draws the header."""
    warm_up()
    state, theme = session(), look()
    state.keep_widgets()
    page_style(theme)
    brand()
    state.collect()
    return state, theme

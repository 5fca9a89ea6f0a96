"""How every page begins and ends."""

from components.figures.base.look import Look
from components.state import PATCH_SLOTS, TEST_SLOTS, Session, look, session
from components.state.page_run import begin_run, page_of_run
from components.state.warm_up import warm_up
from components.state.widgets import keep_widgets
from components.widgets.page.page_script import page_script
from components.widgets.page.progress import stay_with_jobs
from components.widgets.page.style import brand, page_style


def end_page(state: Session) -> None:
    """What no view has asked for any more is given up; what was asked for is waited for."""
    state.tasks.forget_unrequested((*TEST_SLOTS, *PATCH_SLOTS))
    stay_with_jobs()


def begin_page() -> tuple[Session, Look]:
    """This tab's state, brought up to date, and the browser's look; draws the header."""
    warm_up()
    state, theme = session(), look()
    begin_run()
    state.tasks.begin_run()
    keep_widgets(state.widgets, arrived=state.arrive(page_of_run()))
    page_style(theme)
    page_script()  # before any address is written: it has a say in that
    brand()
    state.sweep.collect()
    return state, theme

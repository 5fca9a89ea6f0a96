"""Activation patching in both directions, whole heads and by position. Read, compute, draw."""

from components.state import look, session
from components.warm import warm_up
from components.widgets.composer import composer_fields
from components.widgets.live import live
from components.widgets.patching import patching_panel, patching_run
from components.widgets.progress import progress_panel
from components.widgets.style import brand, page_style

warm_up()
state = session()
theme = look()
page_style(theme)
brand()

state.collect()
draft = composer_fields(state)
progress_panel(state, draft)
patching_run(draft, state)
if state.patched is not None:
    patching_panel(state.patched, state, theme)
live()

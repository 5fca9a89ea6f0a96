"""Activation patching in both directions, whole heads and by position. Read, compute, draw."""

from components.page import begin_page, end_page
from components.widgets.composer import composer_fields
from components.widgets.patching import patching_panel, patching_run
from components.widgets.progress import progress_panel

state, theme = begin_page()
draft = composer_fields(state)
progress_panel(state, draft)
patching_run(draft, state)
if state.patched is not None:
    patching_panel(state.patched, state, theme)
end_page(state)

"""Activation patching in both directions, whole heads and by position. Read, compute, draw."""

from components.widgets.composer.draft import read_draft, update_models
from components.widgets.composer.form import composer_fields
from components.widgets.page.address_bar import follow_address, write_address
from components.widgets.page.frame import begin_page, end_page
from components.widgets.patching.address import patching_params, take_patching
from components.widgets.patching.page import patching_panel, patching_run
from components.widgets.sweep.progress import progress_panel

state, theme = begin_page()
follow_address(
    state,
    "patching",
    lambda: patching_params(state, read_draft(state).requested),
    lambda params: take_patching(state, params),
)
update_models(state)
draft = composer_fields(state)
progress_panel(state, draft)
patching_run(draft, state)
if state.patching.requested is not None:
    patching_panel(state.patching.requested, state, theme)
write_address(state, patching_params(state, draft.requested))
end_page(state)

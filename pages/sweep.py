"""The sweep: type a prompt and a target, ablate every head, click one. Read, compute, draw."""

from components.widgets.composer.draft import read_draft, update_models
from components.widgets.composer.form import composer
from components.widgets.page.address_bar import follow_address, write_address
from components.widgets.page.frame import begin_page, end_page
from components.widgets.runs.import_file import import_box
from components.widgets.sweep.address import sweep_params, take_over
from components.widgets.sweep.progress import progress_panel
from components.widgets.sweep.results import results
from components.widgets.sweep.run_status import follow, run_status

state, theme = begin_page()
follow_address(state, "sweep", lambda: sweep_params(state), lambda params: take_over(state, params))
update_models(state)
draft = read_draft(state)
follow(state, draft)
composer(state, draft)
progress_panel(state, draft, beside_sweep=True)
run_status(state, draft)
results(state, theme)
import_box(state)
write_address(state, sweep_params(state))
end_page(state)

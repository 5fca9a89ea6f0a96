"""The hypothesis: say which heads the answer needs, lock it, then look. Read, compute, draw."""

from components.widgets.composer.draft import read_draft, update_models
from components.widgets.composer.form import composer_fields
from components.widgets.hypothesis.address import hypothesis_params, take_hypothesis
from components.widgets.hypothesis.measured import may_be_measured
from components.widgets.hypothesis.outcome import outcome
from components.widgets.hypothesis.statement import statement
from components.widgets.hypothesis.sufficiency import sufficiency
from components.widgets.hypothesis.under_test import under_test
from components.widgets.page.address_bar import follow_address, write_address
from components.widgets.page.frame import begin_page, end_page
from components.widgets.sweep.progress import progress_panel

state, theme = begin_page()
follow_address(
    state,
    "hypothesis",
    lambda: hypothesis_params(state, read_draft(state).requested),
    lambda params: take_hypothesis(state, params),
)
draft, test = None, state.hypothesis.test
if test is None:
    update_models(state)
    draft = composer_fields(state)
    progress_panel(state, draft)
    statement(draft, state, theme)
else:
    under_test(test, state)
    if may_be_measured(test, state):
        outcome(test, state, theme)
        sufficiency(test, state, theme)
write_address(state, hypothesis_params(state, None if draft is None else draft.requested))
end_page(state)

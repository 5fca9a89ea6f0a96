"""A line's title, tags and note, changed in the list of what is kept."""

from components.widgets.page.dialog import dialog
from components.widgets.runs.label_form import label_form
from core.store.predictions import PredictionLine
from core.store.run import Summary


def edit(line: Summary | PredictionLine) -> None:
    """Change what is said about a kept run or prediction."""
    if isinstance(line, PredictionLine):
        _edit_prediction(line)
    else:
        _edit_run(line)


@dialog("About this run")
def _edit_run(run: Summary) -> None:
    label_form(run.id, run.label, run.name)


@dialog("About this prediction")
def _edit_prediction(line: PredictionLine) -> None:
    label_form(line.id, line.label, line.name)

"""A finished run as a Jupyter notebook that repeats it with TransformerLens alone.

The notebook imports nothing of Headsweep: it is a second, plain way to the same numbers, to be
read, run and changed. Equal results give equal texts.
"""

from typing import Any

from core.exports.notebook import cells as code
from core.exports.notebook import check as checking
from core.exports.notebook import text
from core.exports.notebook.ablation import ablation
from core.exports.notebook.plan import Plan, plan_of
from core.exports.notebook.scoring import scoring, sweep
from core.results.result import SweepResult

_METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def notebook(result: SweepResult, title: str = "") -> str:
    """The text of an nbformat 4.5 notebook that repeats a run, head by head.

    Its last cell compares its numbers with the result's, to 1e-4 in log probability for float32.
    `title` heads it where it is plain words, and is shown as data where it is not. Raises
    `InputError` for a result without a finished head, or with its BOS undecided.
    """
    import nbformat  # jsonschema and all: only when a notebook is asked for

    made = nbformat.v4.new_notebook(cells=_cells(plan_of(result), title), metadata=_METADATA)
    made.nbformat_minor = 5
    nbformat.validate(made)
    return str(nbformat.writes(made))


def _cells(plan: Plan, title: str) -> list[Any]:
    from nbformat.v4 import new_code_cell, new_markdown_cell

    folder = code.folder(plan)
    named = [
        ("asked", new_markdown_cell, text.opening(plan, title)),
        ("parameters", new_code_cell, code.parameters(plan)),
        *([("folder", new_code_cell, folder)] if folder is not None else []),
        ("load", new_code_cell, code.load(plan)),
        ("tokens", new_code_cell, code.tokens(plan)),
        ("about-ablation", new_markdown_cell, text.about_ablation(plan)),
        ("ablation", new_code_cell, ablation(plan)),
        ("scoring", new_code_cell, scoring(plan)),
        ("sweep", new_code_cell, sweep(plan)),
        ("heatmap", new_code_cell, code.heatmap(plan)),
        ("about-check", new_markdown_cell, text.about_check(plan)),
        ("numbers", new_code_cell, checking.numbers(plan)),
        ("check", new_code_cell, checking.check(plan)),
    ]
    return [make(source, id=name) for name, make, source in named]

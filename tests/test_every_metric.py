"""Every metric of the table is everywhere that the others are: the recipe for adding one, held."""

import csv
import io
import json
from contextlib import redirect_stdout
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

from components.exports.report import report_data
from components.figures.base.look import Look
from components.figures.head_heatmap import head_heatmap
from core import SweepSpec, run_sweep
from core.circuits.by_position import iter_position_effects
from core.cli.options import metric_named
from core.cli.sweep import print_table
from core.demo import example
from core.exports.data import to_csv
from core.exports.notebook import notebook
from core.progress import run_to_end
from core.results.comparison import compare
from core.results.metrics import METRICS
from core.spec.heads import Head
from core.sweep.estimate.estimating import estimate
from core.sweep.layer_sweep import iter_layer_effects
from core.sweep.scorer import Scorer

SPEC = replace(example.TRY[1][1], ablation="zero")
"""Who gets the bag? It has a foil, so that no metric is left out."""
assert isinstance(SPEC, SweepSpec)

every_metric = pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.short)


@pytest.fixture(scope="module")
def scorer(demo):
    return Scorer(demo, SPEC)


@pytest.fixture(scope="module")
def result(demo):
    return run_sweep(demo, SPEC)


@pytest.fixture(scope="module")
def report(result):
    return report_data(result, None, "")


@every_metric
def test_json_and_csv(result, metric):
    values = json.loads(result.to_json())
    assert all(isinstance(row[metric.field], float) for row in values["heads"])
    for table in (result.to_csv(), to_csv(result)):
        for row, effect in zip(csv.DictReader(io.StringIO(table)), result.heads, strict=True):
            assert float(row[metric.field]) == getattr(effect, metric.field)


@every_metric
def test_the_command_lines_table(result, metric):
    text = io.StringIO()
    with redirect_stdout(text):
        print_table(result, Console(width=100), metric)
    lines = text.getvalue().splitlines()
    heading = next(i for i, line in enumerate(lines) if line.startswith("head "))
    named = " ".join(lines[heading - 2 : heading + 2])  # a column's name may take two lines
    assert all(word in named for word in metric.column.split())
    first = result.ranked(metric.field)[0]
    row = next(line for line in lines[heading:] if line.startswith("L"))
    assert row.startswith(first.address.label)
    assert metric.text(metric.value(first), metric.digits + 1) in row
    assert metric_named(metric.short.replace(" ", "-").lower()) is metric
    assert metric_named(metric.field) is metric


@pytest.mark.slow
@every_metric
def test_the_report(report, metric):
    assert report["findings"][metric.field]
    assert len(report["facts"][metric.field]) == (5 if metric.signed else 4)
    assert metric.field in [each["field"] for each in report["metrics"]]
    assert all(metric.field in figures for figures in report["figures"].values())
    assert all(metric.field in row for row in report["result"]["heads"])


@every_metric
def test_the_heatmap(result, metric):
    figure = head_heatmap(result, metric, Look())
    strongest = result.ranked(metric.field)[0]
    said = [t for trace in figure.data for t in (trace.text if trace.text is not None else ())]
    assert any(metric.quantity(metric.value(strongest)) in str(each) for each in said)


def test_the_notebook(result):
    cells = json.loads(notebook(result))["cells"]
    source = {cell["id"]: "".join(cell["source"]) for cell in cells}
    for metric in METRICS:
        assert f'"{metric.name}": ' in source["scoring"]
        if metric.signed:
            assert f'"{metric.name}"' in source["sweep"]
        assert f'"{metric.name}": [' in source["numbers"] or (
            f'"{metric.field}": [' in source["numbers"]
        )


@every_metric
def test_a_comparison(result, metric):
    assert (compare(result, result, metric.field).difference == 0).all()


def test_position_maps_and_layer_effects(scorer):
    *_, (_, places) = iter_position_effects(scorer, [Head(1, 0)], (3, 5))
    layers = run_to_end(iter_layer_effects(scorer, [Head(1, 0)]))
    for metric in METRICS:
        assert np.isfinite(places.values(metric.field)).all()
        effects = (*layers.attention, *layers.mlp, *layers.first_position.values())
        assert all(metric.value(effect) is not None for effect in effects)


def test_estimates_of_those_that_have_one(scorer):
    found = estimate(scorer, run_to_end(scorer.replacements()))
    assert set(found.effects) == {metric.field for metric in METRICS if metric.has_estimate}

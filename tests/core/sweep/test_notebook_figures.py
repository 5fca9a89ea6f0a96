"""The notebook's printed figures on GPT-2 small, where its weights can be had."""

import json
from pathlib import Path

import pytest

from core.checkpoints.loading import load_model
from core.errors import ModelError
from core.spec.heads import Head
from core.spec.spec import SweepSpec
from core.sweep.sweep import run_sweep

FIGURES = json.loads((Path(__file__).parents[2] / "data" / "notebook_figures.json").read_text())
TOLERANCE = 0.0002  # the notebook prints hundredths of a percent; the rest is float32


@pytest.mark.hub
def test_the_sweep_gives_the_notebooks_figures():
    try:
        gpt2 = load_model("gpt2", device="cpu")
    except ModelError as error:
        pytest.skip(f"gpt2 cannot be loaded here: {error}")
    assert FIGURES["prepend_bos"] is True
    result = run_sweep(
        gpt2, SweepSpec("gpt2", FIGURES["prompt"], FIGURES["target"], prepend_bos=True)
    )
    assert result.baseline.prob == pytest.approx(FIGURES["baseline_prob"], abs=TOLERANCE)
    found = {name: result.effect(Head.parse(name)).prob for name in FIGURES["prob_after"]}
    assert found == pytest.approx(FIGURES["prob_after"], abs=TOLERANCE)


def test_the_figures_are_all_here():
    assert len(FIGURES["prob_after"]) == 23
    assert FIGURES["prob_after"]["L0H8"] == 0.0486

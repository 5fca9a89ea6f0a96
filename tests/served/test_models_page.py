"""Other models in the page: local folders of several architectures, and a hub."""

import math
import shutil

import pytest
from support.checkpoints import build

from core import SweepSpec, load_model, run_sweep
from core.results.leading import opening

PROMPT = "The quick brown fox jumps over the lazy dog. The quick brown fox"


@pytest.mark.parametrize("family", ["gpt2", "neox-parallel", "llama"])
def test_a_local_checkpoint_gives_a_heatmap(live, checkpoint, family):
    folder = str(checkpoint(family))
    live.choose_model(folder)
    live.wait_text("run", "Sweep 12 heads")
    live.run()
    live.wait_text("provenance", f"{folder} · mean-across-heads")
    expected = run_sweep(
        load_model(folder), SweepSpec(model=folder, prompt=PROMPT, target=" jumps")
    )
    z, metric = live.z(), opening(expected).metric
    assert len(z) == 3
    for effect in expected.heads:
        assert math.isclose(z[effect.layer][effect.head], metric.value(effect), abs_tol=0.02)


def test_a_model_that_did_not_load_can_be_tried_again(live, checkpoint, tmp_path):
    live.choose_model(str(tmp_path / "late"))
    live.wait_error("There is no folder")
    shutil.copytree(checkpoint("gpt2"), tmp_path / "late")
    live.click_button("retry_model")
    live.wait_text("run", "Sweep 12 heads")


def test_a_retrained_folder_is_never_shown_with_its_old_results(live, tmp_path):
    folder = tmp_path / "mine"
    build("gpt2", folder)
    live.choose_model(str(folder))
    live.wait_text("run", "Sweep 12 heads")
    live.run()
    live.wait_text("provenance", str(folder))

    build("gpt2", folder, seed=1)
    live.choose("metric", "KL")
    live.wait_text("situation", "The model’s files have changed")
    old = live.text("provenance")
    live.run()
    assert live.text("provenance") != old

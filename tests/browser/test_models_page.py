"""Other models in the page: local folders of several architectures, and a hub."""

import math
import shutil

import pytest
from support.checkpoints import build

from core import SweepSpec, load_model, run_sweep

PROMPT = "The quick brown fox jumps over the lazy dog. The quick brown fox"


@pytest.mark.parametrize("family", ["gpt2", "neox-parallel", "llama"])
def test_a_local_checkpoint_gives_a_heatmap(page, checkpoint, family):
    folder = str(checkpoint(family))
    page.wait_live()
    page.choose_model(folder)
    page.wait_text("run", "Sweep 12 heads")
    page.run()
    page.wait_text("provenance", f"{folder} · mean-across-heads")
    expected = run_sweep(
        load_model(folder), SweepSpec(model=folder, prompt=PROMPT, target=" jumps")
    )
    z = page.z()
    assert len(z) == 3
    for effect in expected.heads:
        assert math.isclose(z[effect.layer][effect.head], 100 * effect.prob_change, abs_tol=0.02)


def test_a_model_that_did_not_load_can_be_tried_again(page, checkpoint, tmp_path):
    page.wait_live()
    page.choose_model(str(tmp_path / "late"))
    page.wait_error("There is no folder")
    shutil.copytree(checkpoint("gpt2"), tmp_path / "late")
    page.click_button("retry_model")
    page.wait_text("run", "Sweep 12 heads")


def test_a_retrained_folder_is_never_shown_with_its_old_results(page, tmp_path):
    folder = tmp_path / "mine"
    build("gpt2", folder)
    page.wait_live()
    page.choose_model(str(folder))
    page.wait_text("run", "Sweep 12 heads")
    page.run()
    page.wait_text("provenance", str(folder))

    build("gpt2", folder, seed=1)
    page.choose("metric", "KL")
    page.wait_text("situation", "The model’s files have changed")
    old = page.text("provenance")
    page.run()
    assert page.text("provenance") != old

"""Other models in the page: local folders of several architectures, and a hub."""

import math

import pytest

from core import SweepSpec, load_model, run_sweep

PROMPT = "The quick brown fox jumps over the lazy dog. The quick brown fox"


@pytest.mark.parametrize("family", ["gpt2", "neox-parallel", "llama"])
def test_a_local_checkpoint_gives_a_heatmap(page, checkpoint, family):
    folder = str(checkpoint(family))
    page.wait_live()
    page.choose_model(folder)
    page.wait_text("run", "Sweep 12 heads")
    page.run()
    page.wait_text("provenance", f"{folder} · mean across heads")
    expected = run_sweep(
        load_model(folder), SweepSpec(model=folder, prompt=PROMPT, target=" jumps")
    )
    z = page.z()
    assert len(z) == 3
    for effect in expected.heads:
        assert math.isclose(z[effect.layer][effect.head], 100 * effect.prob_change, abs_tol=0.02)

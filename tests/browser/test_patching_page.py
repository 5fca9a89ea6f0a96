"""Activation patching in a real browser: what is drawn, a click on a head, prompts as typed.

What needs no browser is in tests/served.
"""

from dataclasses import replace

import numpy as np
from support.for_everybody import shuts_nobody_out
from support.hostile import IMAGE

from core.circuits.patching import Direction, iter_patching
from core.demo import example
from core.exports import links
from core.spec.ablation import AblationKind
from core.spec.heads import Head

CORRUPTED = "The quick brown cat jumps over the lazy dog. The quick brown fox"
SPEC = replace(
    example.SPEC,
    prompt=f"{IMAGE} {example.SPEC.prompt}",
    ablation=AblationKind.RESAMPLE,
    corrupted_prompt=f"{IMAGE} {CORRUPTED}",
)
ROWS = "Array.from(gd.data.find(t => t.type === 'heatmap').z, row => Array.from(row))"


def test_a_click_on_a_head_patches_its_positions_and_prompts_are_no_markup(new_tab, server, demo):
    page = new_tab()
    asked = links.to_params(SPEC) | {"patched": ["1"]}
    page.visit(f"{server}/patching?{links.query_of(asked)}")
    page.wait_text("patching", "What does it break?")
    page.settle()
    for direction in Direction:
        *_, (_, found) = iter_patching(demo, SPEC, direction)
        shown = np.array(page.values_of(f"patch-{direction}"))
        assert np.allclose(shown, found.normalised.reshape(3, 4), atol=1e-3)
    assert f"“{SPEC.prompt}” against “{SPEC.corrupted_prompt}”" in page.text("patching")
    assert page.page.locator("img[src=x]").count() == 0

    page.click_head("patch-denoise", 1, 2)
    page.wait_text("patching", "Noise, one position at a time")
    page.wait_address(asked | {"head": ["L1H2"]})
    layer = [Head(1, head) for head in range(4)]
    for direction in Direction:
        *_, (_, found) = iter_patching(demo, SPEC, direction, layer, True)
        shown = page.of_figure(f"patch-places-{direction}", ROWS)
        assert np.allclose(shown, found.normalised, atol=1e-3)
    shuts_nobody_out(page, "Patching")

"""Activation patching in both directions, whole heads and by position."""

from dataclasses import replace

import numpy as np
import pytest

from core import run_sweep
from core.circuits.patching import Direction, iter_patching
from core.circuits.stream_patching import iter_stream_patching
from core.demo import example
from core.spec.ablation import AblationKind
from core.spec.heads import Head

CORRUPTED = "The quick brown cat jumps over the lazy dog. The quick brown fox"
SPEC = replace(example.SPEC, ablation=AblationKind.RESAMPLE, corrupted_prompt=CORRUPTED)


@pytest.fixture
def patched(live):
    live.go("Patching")
    live.wait_text("patch_row", "Patching takes each head’s output from a corrupted prompt")
    live.click_button("choose_resample")
    assert live.is_disabled("patch")
    live.type("corrupted_prompt", CORRUPTED)
    live.click_button("patch")
    live.wait_text("patching", "What does it break?")
    live.settle()
    return live


def last(steps):
    return list(steps)[-1][1]


def rows(page, direction):
    """The values of the map of heads by positions."""
    traces = page.figure(f"patch-places-{direction}")["data"]
    return next(trace["z"] for trace in traces if trace["type"] == "heatmap")


def test_both_directions_whole_and_by_position(patched, demo):
    whole = {d: last(iter_patching(demo, SPEC, d)) for d in Direction}
    for direction, found in whole.items():
        shown = np.array(patched.values_of(f"patch-{direction}"))
        assert np.allclose(shown, found.normalised.reshape(3, 4), atol=1e-3)
    swept = run_sweep(demo, SPEC)
    noise = whole[Direction.NOISE]
    assert np.allclose(noise.values, [-e.logodds_change for e in swept.heads], atol=1e-4)
    assert "1 is all of the gap" in patched.text("patching")

    assert "Click a head above" in patched.text("patching")
    patched.click_head("patch-denoise", 1, 2)
    layer = [Head(1, head) for head in range(4)]
    patched.wait_text("patching", "Noise, one position at a time")
    for direction in Direction:
        found = last(iter_patching(demo, SPEC, direction, layer, True))
        assert np.allclose(rows(patched, direction), found.normalised, atol=1e-3)
    patched.choose("patch_scope", "The whole model")
    assert len(rows(patched, Direction.NOISE)) == 12


def test_changed_inputs_leave_the_patching_on_screen_and_say_so(patched):
    patched.type("target", " over")
    patched.wait_text("patch_row", "The inputs have changed")
    assert "“The quick brown fox jumps" in patched.text("patching")
    patched.click_button("patch")
    assert "The inputs have changed" not in patched.text("patch_row")
    patched.go("Sweep")
    patched.go("Patching")
    patched.wait_text("patching", "What does it restore?")


def test_the_residual_stream_by_layer_and_position(patched, demo):
    patched.choose("patch_scope", "The residual stream")
    patched.wait_text("streams", "nothing is left of the corrupted run")
    for direction in Direction:
        found = last(iter_stream_patching(demo, SPEC, direction))
        traces = patched.figure(f"patch-stream-{direction}")["data"]
        shown = next(trace["z"] for trace in traces if trace["type"] == "heatmap")
        assert np.allclose(shown, found.normalised, atol=1e-3)
        ticks = patched.figure(f"patch-stream-{direction}")["layout"]["xaxis"]["ticktext"]
        assert "4 ␣fox/␣cat" in ticks
        assert found.normalised[-1, -1] == pytest.approx(1, abs=1e-4)

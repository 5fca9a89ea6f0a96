"""The shipped result is what the live engine gives, and the notebook's own question."""

import json

import pytest

from core.demo import example
from core.progress import run_to_end
from core.results.layer_effects import LayerEffects, marked_heads
from core.results.metrics import METRICS
from core.results.result import COLUMNS
from core.sweep.layer_sweep import iter_layer_effects
from core.sweep.scorer import Scorer
from core.sweep.sweep import run_sweep


def test_it_asks_what_the_notebook_asks():
    assert example.SPEC.prompt == "The quick brown fox jumps over the lazy dog. The quick brown fox"
    assert example.SPEC.target == " jumps"
    assert example.SPEC.ablation == "mean-across-heads"


def assert_alike(one, other):
    """Every metric of two effects is the same to within rounding; there is no foil."""
    for metric in METRICS:
        values = getattr(one, metric.field), getattr(other, metric.field)
        if metric.needs_foil:
            assert values == (None, None)
        else:
            assert values[0] == pytest.approx(values[1], abs=2e-4), metric.field


def test_the_saved_result_is_the_live_engines(demo):
    saved, live = example.saved(), run_sweep(demo, example.SPEC)
    assert saved.spec == live.spec
    assert saved.shape == live.shape
    assert (saved.tokens, saved.special) == (live.tokens, live.special)
    assert saved.complete
    assert saved.provenance.model_fingerprint == live.provenance.model_fingerprint
    assert saved.baseline.logprob == pytest.approx(live.baseline.logprob, abs=1e-4)
    assert saved.baseline.margin == pytest.approx(live.baseline.margin, abs=2e-4)
    assert saved.baseline.entropy == pytest.approx(live.baseline.entropy, abs=2e-4)
    assert saved.baseline.rank == live.baseline.rank
    for one, other in zip(saved.heads, live.heads, strict=True):
        assert one.address == other.address
        assert one.prob == pytest.approx(other.prob, abs=1e-4)
        assert_alike(one, other)


def test_the_saved_file_is_the_contracts_json():
    values = json.loads(example.SAVED.read_text(encoding="utf-8"))
    assert values["schema"] == "headsweep.sweep/1"
    assert tuple(values["heads"][0]) == COLUMNS
    assert values["baseline"]["margin"] > 0 < values["baseline"]["entropy"]
    assert "/" not in values["spec"]["model"]  # no path of the machine that made it


def test_the_saved_layer_effects_are_the_live_engines(demo):
    saved = example.saved_layer_effects()
    live = run_to_end(iter_layer_effects(Scorer(demo, example.SPEC), marked_heads(example.saved())))
    assert len(saved.attention) == demo.n_layers
    assert saved.mlp == live.mlp == (None,) * demo.n_layers  # mean across heads: no MLP has heads
    assert list(saved.first_position) == list(live.first_position)
    pairs = [
        *zip(saved.attention, live.attention, strict=True),
        *((saved.first_position[head], live.first_position[head]) for head in live.first_position),
    ]
    for one, other in pairs:
        assert_alike(one, other)
        assert one.rank == other.rank


def test_saved_layer_effects_survive_their_json():
    layer_effects = example.saved_layer_effects()
    assert LayerEffects.from_dict(json.loads(json.dumps(layer_effects.to_dict()))) == layer_effects

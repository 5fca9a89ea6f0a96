"""What the model says without a head, and what the head writes."""

import pytest
from support import checkpoints

from core import SweepSpec, run_sweep
from core.circuits.logit_effects import logit_effects, measure_logit_effects
from core.progress import run_to_end
from core.spec.heads import Head
from core.sweep.scorer import Scorer


def spec_of(model, foil=None):
    return SweepSpec(model.name, checkpoints.TEXT, " jumps", foil, "zero", prepend_bos=True)


@pytest.mark.shapes
@pytest.mark.parametrize("family", ["gpt2", "llama", "opt-post-norm"])
def test_predictions_before_and_after_are_the_sweeps(loaded, family):
    model, head = loaded(family), Head(1, 2)
    found = logit_effects(Scorer(model, spec_of(model)), head).predictions
    swept = run_sweep(model, spec_of(model))
    before = dict(swept.baseline.top)
    after = dict(swept.effect(head).top)
    assert swept.baseline.top[0][0] in {p.text for p in found}
    assert [p.change for p in found] == sorted(p.change for p in found)
    for p in found:
        if p.text in before:
            assert p.before == pytest.approx(before[p.text], abs=1e-6)
        if p.text in after:
            assert p.after == pytest.approx(after[p.text], abs=1e-6)
    (target,) = [p for p in found if p.text == " jumps"]
    assert target.before == pytest.approx(swept.baseline.prob, abs=1e-6)
    assert target.after == pytest.approx(swept.effect(head).prob, abs=1e-6)


def test_the_extremes_are_those_of_the_whole_vocabulary(loaded):
    model, head = loaded("gpt2"), Head(0, 1)
    scorer = Scorer(model, spec_of(model))
    found = logit_effects(scorer, head).predictions

    def zeroed(layer, z):
        z = z.clone()
        if layer == head.layer:
            z[:, :, head.head] = model.value_shift[head]
        return z

    with model.editing_z(zeroed):
        logits = model.logits(scorer.start.tokens[None], scorer.start.read)
    change = logits[0, 0].double().softmax(-1) - scorer.clean[0].exp()
    assert found[0].change == pytest.approx(float(change.min()), abs=1e-6)
    assert found[-1].change == pytest.approx(float(change.max()), abs=1e-6)


def test_attribution_to_target_less_that_to_the_foil_is_the_difference(loaded):
    model, head = loaded("neox-parallel"), Head(2, 0)
    found = logit_effects(Scorer(model, spec_of(model, " fox")), head)
    parts = found.attribution
    assert abs(parts.difference.heads[head]) > 1e-4
    assert parts.difference.heads[head] == pytest.approx(
        parts.target.heads[head] - parts.foil.heads[head], abs=1e-5
    )
    assert len(found.ov_circuit.from_resid_pre) == 15
    told = found.to_dict()
    said = told["direct_logit_attribution"]
    assert (said["metric"], said["against"]) == ("logit_diff", "the foil")
    assert said["foil"] == pytest.approx(parts.foil.heads[head])


def test_a_stream_that_is_no_sum_says_so_and_keeps_the_predictions(loaded):
    model = loaded("opt-post-norm")
    found = logit_effects(Scorer(model, spec_of(model)), Head(0, 0))
    assert found.attribution is None
    assert "a norm follows every addition" in found.unavailable
    assert found.predictions


def test_it_may_be_stopped_between_its_passes(loaded):
    model = loaded("gpt2")
    shares = []
    run_to_end(
        measure_logit_effects(Scorer(model, spec_of(model, " fox")), Head(1, 2)), shares.append
    )
    assert shares == sorted(shares)
    # A pass with two of the layers, the attribution's, the two readings of the OV circuit.
    assert len(set(shares)) >= 2 + 2 + 2
    assert (shares[0] < 0.3, shares[-1]) == (True, 1)

"""First-order estimates: exact in the limit, the same on both paths, checked against the sweep."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from support import checkpoints
from support.specs import NEEDED

from core import AblationKind, SweepSpec, run_sweep
from core.engine import head_and_mlp_outputs, run
from core.engine.interventions import Edit, Values
from core.progress import run_to_end
from core.results.metrics import METRICS
from core.spec.heads import Head, all_heads
from core.sweep.estimate.attribution import check_estimate
from core.sweep.estimate.estimating import estimate
from core.sweep.estimate.preview import preview
from core.sweep.prepare import prepare
from core.sweep.scorer import Scorer
from core.sweep.scores import answer_logprob, entropy, log_probs, margin

FAMILIES, KINDS = list(checkpoints.FAMILIES), list(AblationKind)
SLOPES_OF = ("gpt2", "gemma2", "neox-parallel")
STEP = 3e-3  # shorter ones drown in float32's last digits


GIVEN = {kind: NEEDED[kind] for kind in NEEDED if kind is not AblationKind.MEAN}
"""The mean is over the default set."""


def spec_of(model, kind=AblationKind.ZERO, **changes):
    given = {"target": " jumps", "foil": None, **GIVEN.get(kind, {}), **changes}
    return SweepSpec(
        model=model.name,
        prompt=checkpoints.TEXT,
        ablation=kind,
        prepend_bos=True,
        **given,
    )


def estimated(model, spec):
    scorer = Scorer(model, spec)
    return estimate(scorer, run_to_end(scorer.replacements()))


READ_OFF = {
    "logprob_change": answer_logprob,
    "margin_change": lambda logp, target: margin(logp[:, 0], target),
    "entropy_change": lambda logp, target: entropy(logp[:, 0]),
}


LEAST = {"logprob_change": 0.02, "margin_change": 0.02, "entropy_change": 0.004}
"""Slopes under these would show nothing; on these small models the entropy hardly moves."""


def a_small_step(model, spec):
    """(change) / STEP when each head goes that share of the way to its replacement, by metric."""
    prepared = prepare(model, spec)
    tokens, read = prepared.sequence(prepared.target), prepared.read(prepared.target)
    replacement = run_to_end(Scorer(model, spec).replacements())[prepared.target]
    z = head_and_mlp_outputs(model, tokens[None]).z[:, 0]
    heads = all_heads(model.n_layers, model.n_heads)
    rows = [()]
    for layer, head in heads:
        own, shift = z[layer, :, head], model.value_shift[layer]
        if replacement.computed is AblationKind.ZERO:
            new = shift[head].expand_as(own)
        elif replacement.computed is AblationKind.MEAN_ACROSS_HEADS:
            new = (z[layer] - shift).mean(1) + shift[head]
        else:
            new = replacement.z[layer, :, head]
        step = Values(own + STEP * (new - own))
        rows.append((Edit(Head(layer, head), step, replacement.positions),))
    found = {metric: np.empty(len(rows)) for metric in READ_OFF}
    for done in run(model, tokens, rows, read):
        if done.indices:
            logp = log_probs(done.logits)
            for metric, read_off in READ_OFF.items():
                found[metric][list(done.indices)] = read_off(logp, prepared.target).numpy()
    shape = model.n_layers, model.n_heads
    return {k: ((values[1:] - values[0]) / STEP).reshape(shape) for k, values in found.items()}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("family", SLOPES_OF)
def test_it_is_the_slope_of_a_small_step(loaded, family, kind):
    """Each kind, and each family, everywhere and at chosen positions in turn."""
    turn = SLOPES_OF.index(family) + KINDS.index(kind)
    model, positions = loaded(family), ("all", (3, 9))[turn % 2]
    spec = spec_of(model, kind, positions=positions)
    found = estimated(model, spec)
    for metric, slope in a_small_step(model, spec).items():
        most = np.abs(slope).max()
        assert found.values(metric) == pytest.approx(slope, abs=0.03 * most + 1e-3), metric
        assert most > LEAST[metric], metric


@pytest.mark.shapes
@pytest.mark.parametrize("family", FAMILIES)
def test_both_paths_give_the_same_estimate(loaded, family):
    """Each family with one of the kinds in turn."""
    model, kind = loaded(family), KINDS[FAMILIES.index(family) % len(KINDS)]
    spec = spec_of(model, kind, foil=" over the", **NEEDED.get(kind, {}))
    fast, slow = estimated(model, spec), estimated(replace(model, stack=None), spec)
    assert set(fast.effects) == {metric.field for metric in METRICS if metric.has_estimate}
    for metric, values in fast.effects.items():
        assert values == pytest.approx(slow.values(metric), abs=1e-4)


def test_a_foil_is_told_apart_from_the_target(loaded):
    model = loaded("gpt2")
    one = estimated(model, spec_of(model, foil=" fox"))
    other = estimated(model, spec_of(model, target=" fox", foil=" jumps"))
    metric = "logit_diff_change"
    assert one.values(metric) == pytest.approx(-other.values(metric), abs=1e-5)
    assert estimated(model, spec_of(model)).values(metric) is None


def test_probability_is_never_estimated_above_1(loaded):
    model = loaded("gpt2")
    found = estimated(model, spec_of(model))
    base = run_sweep(model, spec_of(model)).baseline
    assert (found.values("prob_change") + base.prob <= 1 + 1e-9).all()
    assert (found.values("prob_change") + base.prob >= 0).all()
    small = np.abs(found.values("logprob_change")) < 0.05
    expected = base.prob * found.values("logprob_change")[small]
    assert found.values("prob_change")[small] == pytest.approx(expected, rel=0.05, abs=1e-9)


def test_log_odds_move_by_the_log_prob_over_what_is_left(loaded):
    model = loaded("gpt2")
    found, base = estimated(model, spec_of(model)), run_sweep(model, spec_of(model)).baseline
    expected = found.values("logprob_change") / (1 - base.prob)
    assert found.values("logodds_change") == pytest.approx(expected, rel=1e-6)


def test_kl_has_no_estimate(loaded):
    model = loaded("gpt2")
    found = estimated(model, spec_of(model))
    assert found.values("kl") is None
    assert check_estimate(found, run_sweep(model, spec_of(model)), "kl") is None


def test_the_check_names_the_worst_misses(loaded):
    model = loaded("gpt2")
    found, exact = estimated(model, spec_of(model)), run_sweep(model, spec_of(model))
    told = check_estimate(found, exact, "logprob_change")
    apart = np.abs(found.values("logprob_change") - exact.values("logprob_change"))
    assert told.n_heads == 12
    (head, guessed, measured), *_ = told.worst
    assert abs(guessed - measured) == pytest.approx(apart.max())
    assert apart[head] == apart.max()
    assert -1 <= told.correlation <= 1


def test_a_short_sweep_has_no_preview_and_a_long_one_has(loaded):
    model = loaded("gpt2")
    assert preview(Scorer(model, spec_of(model)), longer_than=60.0) is None
    assert preview(Scorer(model, spec_of(model)), longer_than=1e-9) is not None


def test_no_gradient_is_left_on_the_model(loaded):
    model = loaded("llama")
    estimated(model, spec_of(model))
    for parameter in model.bridge.original_model.parameters():
        assert parameter.grad is None
        assert not parameter.requires_grad
    assert torch.is_grad_enabled()

"""Keeping only a set equals hooks on all other heads."""

import json
import math
from dataclasses import replace

import pytest
from support import checkpoints

from core import AblationKind
from core.errors import InputError
from core.hypotheses.keep_only import KeptOnly, keep_only, keep_only_spec
from core.progress import run_to_end
from core.results.result import Baseline, Effect
from core.spec.heads import Head, all_heads
from core.spec.members import Mlp, all_mlps
from core.sweep.scorer import Scorer

KINDS = [kind for kind in AblationKind if kind is not AblationKind.MEAN_ACROSS_HEADS]
KEPT = (Head(0, 1), Head(1, 0), Head(1, 3))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("family", list(checkpoints.FAMILIES))
def test_keeping_is_what_hooks_find(loaded, hooked, spec_of, family, kind):
    model = loaded(family)
    spec = spec_of(model, kind)
    found = run_to_end(keep_only(Scorer(model, spec), KEPT))
    plain = hooked(family, spec)
    every = all_heads(model.n_layers, model.n_heads)
    others = [head for head in every if head not in KEPT]
    assert found.effect.logit_diff_change == pytest.approx(plain.change(others), abs=1e-4)
    assert found.empty.logit_diff_change == pytest.approx(plain.change(every), abs=1e-4)
    change = plain.logprob(spec.target, others) - plain.logprob(spec.target, ())
    assert found.prob_share == pytest.approx(math.exp(change), rel=1e-3)
    told = found.to_dict()
    assert json.loads(json.dumps(told, allow_nan=False)) == told


@pytest.mark.parametrize("kind", [AblationKind.ZERO, AblationKind.MEAN])
def test_with_an_mlp_kept_the_other_mlps_go_too(loaded, hooked, spec_of, kind):
    model = loaded("gpt2")
    spec = spec_of(model, kind)
    kept = (Head(0, 1), Mlp(0), Mlp(2))
    found = run_to_end(keep_only(Scorer(model, spec), kept))
    plain = hooked("gpt2", spec)
    every = (*all_heads(3, 4), *all_mlps(3))
    others = [each for each in every if each not in kept]
    assert found.effect.logit_diff_change == pytest.approx(plain.change(others), abs=1e-4)
    assert found.empty.logit_diff_change == pytest.approx(plain.change(every), abs=1e-4)
    assert found.to_dict()["ablated"] == "heads and MLPs"
    assert run_to_end(keep_only(Scorer(model, spec), KEPT)).to_dict()["ablated"] == "heads"


def test_keeping_all_is_the_clean_run_and_keeping_none_is_nothing(loaded, spec_of):
    model = loaded("gpt2")
    scorer = Scorer(model, spec_of(model, AblationKind.MEAN))
    every = run_to_end(keep_only(scorer, all_heads(3, 4)))
    assert every.effect.logit_diff_change == 0
    assert every.prob_share == 1
    none = run_to_end(keep_only(scorer, ()))
    for same in (none.empty, every.empty):
        assert none.effect.logit_diff_change == pytest.approx(same.logit_diff_change, abs=1e-6)


def kept_of(change, nothing):
    def effect(logprob):
        return Effect(
            prob=0.5 * math.exp(logprob),
            prob_change=0.0,
            logprob_change=logprob,
            logodds_change=0.0,
            logit_diff_change=None,
            kl=0.0,
            rank=1,
            top=(),
        )

    baseline = Baseline(0.5, math.log(0.5), 1, None, ())
    return KeptOnly(KEPT, "logprob_change", baseline, effect(change), effect(nothing))


def test_shares_by_hand():
    found = kept_of(-1.0, -4.0)
    assert found.faithfulness == 0.75
    assert found.prob_share == pytest.approx(math.exp(-1))
    assert kept_of(+1.0, -4.0).faithfulness == 1.25
    assert kept_of(-5.0, -4.0).faithfulness == -0.25
    assert kept_of(0.0, -0.1).faithfulness == 1
    assert kept_of(0.0, -0.09).faithfulness is None  # too little is lost for a share of it
    assert kept_of(0.0, +2.0).faithfulness is None  # ablating all heads raised the answer
    assert replace(found, baseline=Baseline(0.0, -800.0, 1, None, ())).prob_share is None


def test_mean_across_heads_is_refused_and_has_a_stand_in(loaded, spec_of):
    model = loaded("gpt2")
    spec = spec_of(model, AblationKind.MEAN_ACROSS_HEADS)
    with pytest.raises(InputError, match="Choose zero, mean") as caught:
        run_to_end(keep_only(Scorer(model, spec), KEPT))
    assert caught.value.field == "ablation"
    assert keep_only_spec(spec) == spec_of(model, AblationKind.MEAN, reference=None)
    for kind in KINDS:
        assert keep_only_spec(spec_of(model, kind)) == spec_of(model, kind)
    with pytest.raises(InputError, match="no L9H9"):
        run_to_end(keep_only(Scorer(model, keep_only_spec(spec)), [Head(9, 9)]))

"""Dose curves, against plain transformers in which a hook scales the heads' z."""

import pytest
from support.plain_attention import Plain
from support.specs import spec_of

from core import AblationKind
from core.circuits.dose import FACTORS, measure_dose
from core.engine.edits import Edits
from core.engine.interventions import Edit, Scaled
from core.errors import InputError
from core.progress import run_to_end
from core.spec.heads import Head
from core.sweep.scorer import Scorer
from core.sweep.sweep import run_sweep

FAMILIES = ("gpt2", "llama", "neox-parallel", "gemma2")
HEADS = (Head(0, 1), Head(1, 0), Head(1, 3))


@pytest.fixture(scope="module")
def plain(checkpoint):
    return lambda family: Plain(checkpoint(family), family)


@pytest.mark.parametrize("weights", ["raw", "processed"])
@pytest.mark.parametrize("family", FAMILIES)
def test_it_is_a_hook_on_plain_transformers(loaded, plain, family, weights):
    """Of processed weights z less its constant part is scaled, of raw ones z as it is."""
    model, own = loaded(family, weights), plain(family)
    scorer = Scorer(model, spec_of(model, weights=weights))
    tokens = scorer.start.tokens
    target, foil = (a.sequence[0] for a in (scorer.prepared.target, scorer.prepared.foil))
    before = own.logits(tokens)[-1].log_softmax(-1)

    def scaling(head, factor):
        shift = model.value_shift[head]

        def edit(z):
            z[:, head.head] = factor * (z[:, head.head] - shift) + shift

        return own.editing_z(head.layer, edit)

    found = run_to_end(measure_dose(scorer, HEADS))
    assert found.factors == FACTORS
    for factor, effect in zip(FACTORS, found.effects, strict=True):
        moved = own.logits(tokens, *(scaling(head, factor) for head in HEADS))[-1]
        moved = moved.log_softmax(-1) - before
        assert effect.logprob_change == pytest.approx(float(moved[target]), abs=1e-4)
        difference = float(moved[target] - moved[foil])
        assert effect.logit_diff_change == pytest.approx(difference, abs=1e-4)
    assert abs(found.effects[-1].logit_diff_change) > 1e-3


@pytest.mark.parametrize("family", FAMILIES)
def test_its_ends_are_zero_ablation_and_the_clean_run(loaded, family):
    """On the shift of processed weights too, and at the positions that the sweep ablates."""
    model = loaded(family)
    for positions in ("all", (3, 14)):
        spec = spec_of(model, AblationKind.ZERO, positions=positions)
        swept = run_sweep(model, spec)
        for head in HEADS:
            nothing, same = run_to_end(
                measure_dose(Scorer(model, spec), [head], (0.0, 1.0))
            ).effects
            zero = swept.effect(head)
            assert nothing.logprob_change == pytest.approx(zero.logprob_change, abs=1e-5)
            assert nothing.kl == pytest.approx(zero.kl, abs=1e-5)
            assert same.logprob_change == same.prob_change == 0
            assert same.kl == pytest.approx(0, abs=1e-12)


def test_a_factor_of_one_leaves_z_to_the_last_bit(loaded):
    import torch

    model = loaded("gpt2")
    z = torch.randn(1, 4, model.n_heads, model.d_head)
    edits = Edits([(Edit(Head(1, 2), Scaled(1.0)),)], model.value_shift, 4)
    assert torch.equal(edits.apply(1, z), z)
    kept = Edits([(Edit(Head(1, 2), Scaled(0.5), (1, 3)),)], model.value_shift, 4).apply(1, z)
    assert torch.equal(kept[:, [0, 2]], z[:, [0, 2]])
    assert not torch.allclose(kept[:, [1, 3], 2], z[:, [1, 3], 2])


def test_a_model_run_by_hooks_gives_the_same(loaded):
    from dataclasses import replace

    model = loaded("llama")
    slow = replace(model, stack=None)
    found, same = (
        run_to_end(measure_dose(Scorer(each, spec_of(each)), HEADS)) for each in (model, slow)
    )
    for one, other in zip(found.effects, same.effects, strict=True):
        assert one.logprob_change == pytest.approx(other.logprob_change, abs=1e-4)


def test_plain_json_types_and_a_head_that_is_not_there(loaded):
    import json

    scorer = Scorer(loaded("gpt2"), spec_of(loaded("gpt2")))
    found = run_to_end(measure_dose(scorer, [Head(2, 0), Head(1, 1)]))
    plain = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert plain["heads"] == ["L1H1", "L2H0"]
    assert [each["factor"] for each in plain["doses"]] == list(FACTORS)
    assert plain["doses"][0]["logit_diff_change"] == found.values("logit_diff_change")[0]
    with pytest.raises(InputError, match="L0H0 to L2H3"):
        run_to_end(measure_dose(scorer, [Head(3, 0)]))

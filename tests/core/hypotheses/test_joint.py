"""Joint ablation equals TransformerLens with hooks, set by set."""

import json
from dataclasses import replace

import pytest
from support import checkpoints

from core import AblationKind, run_sweep
from core.demo.example import SPEC
from core.errors import InputError
from core.hypotheses.comparison_sets import Place
from core.hypotheses.joint import ComparisonSet, JointTest, joint_test
from core.hypotheses.joint_words import comparison_words, redundancy_words
from core.hypotheses.keep_only import keep_only_spec
from core.hypotheses.parse_heads import parse_heads
from core.hypotheses.relation import Relation
from core.progress import run_to_end
from core.results.result import Baseline, Effect
from core.spec.heads import Head
from core.spec.members import Mlp, heads_of, mlps_of
from core.sweep.layer_sweep import iter_layer_effects
from core.sweep.scorer import Scorer

FAMILIES = list(checkpoints.FAMILIES)
KINDS = list(AblationKind)
HEADS = (Head(0, 1), Head(1, 0), Head(1, 3))
MIXED = (Head(0, 1), Mlp(0), Head(1, 3))
OF_MLPS = [kind for kind in KINDS if not kind.traits.no_mlps]
TOLERANCE = 1e-4
INDUCTION = tuple(Head(1, head) for head in range(4))


def held(found, hooked):
    """Every number of a test against a pass of its own."""
    assert found.change == pytest.approx(hooked.change(found.heads), abs=TOLERANCE)
    for head, single in zip(found.heads, found.singles, strict=True):
        assert getattr(single, found.metric) == pytest.approx(hooked.change([head]), abs=TOLERANCE)
    for other in found.others[::7]:
        assert other.change == pytest.approx(hooked.change(other.heads), abs=TOLERANCE)


@pytest.mark.shapes
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("family", FAMILIES)
def test_together_is_what_hooks_find(loaded, hooked, spec_of, family, kind):
    model = loaded(family)
    spec = spec_of(model, kind, foil=None)
    found = run_to_end(joint_test(Scorer(model, spec), HEADS))
    assert found.metric == "logodds_change"  # effects in log prob do not add up
    assert found.change == pytest.approx(hooked(family, spec).change(HEADS), abs=TOLERANCE)
    assert abs(found.change) > 1e-3


@pytest.mark.parametrize("kind", OF_MLPS)
@pytest.mark.parametrize("family", ["gpt2", "llama", "neox-parallel", "gemma2"])
def test_mlps_in_a_set_are_what_hooks_find(loaded, hooked, spec_of, family, kind):
    model = loaded(family)
    spec = spec_of(model, kind)
    found = run_to_end(joint_test(Scorer(model, spec), MIXED))
    plain = hooked(family, spec)
    assert found.heads == MIXED
    assert found.change == pytest.approx(plain.change(MIXED), abs=TOLERANCE)
    assert abs(found.change - plain.change(heads_of(MIXED))) > 1e-3  # the MLPs do something
    if family == "gpt2":
        held(found, plain)


def test_sets_with_mlps_are_compared_with_their_like(loaded, spec_of):
    model = loaded("gpt2")
    found = run_to_end(joint_test(Scorer(model, spec_of(model)), MIXED))
    assert found.n_possible == len(found.others) == 3 * 2 * 3  # heads of L0, MLPs, heads of L1
    for other in found.others:
        assert [head.layer for head in heads_of(other.heads)] == [0, 1]
        assert mlps_of(other.heads) in {(Mlp(1),), (Mlp(2),)}
    assert "without the chosen heads and MLPs" in comparison_words(found)
    assert "MLPs are compared with those of other layers" in comparison_words(found)


def test_mlps_are_refused_where_they_cannot_be_ablated(loaded, spec_of):
    model = loaded("gpt2")
    scorer = Scorer(model, spec_of(model, AblationKind.MEAN_ACROSS_HEADS))
    with pytest.raises(InputError, match="no heads to average over, so that mean across") as caught:
        run_to_end(joint_test(scorer, MIXED))
    assert caught.value.field == "heads"
    assert "choose zero, mean, mean positional or resample" in str(caught.value)
    unknown = replace(model, stack=None)
    with pytest.raises(InputError, match="its wiring is not known"):
        run_to_end(joint_test(Scorer(unknown, spec_of(unknown)), MIXED))
    run_to_end(joint_test(Scorer(unknown, spec_of(unknown)), HEADS))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("target", "foil"), [(" jumps", None), (" jumps", " fox"), (" lazy dog.", " lazy fox.")]
)
def test_singles_and_other_sets_are_what_hooks_find(loaded, hooked, spec_of, kind, target, foil):
    model = loaded("gpt2")
    spec = spec_of(model, kind, target=target, foil=foil)
    found = run_to_end(joint_test(Scorer(model, spec), HEADS))
    assert found.metric == ("logodds_change" if foil is None else "logit_diff_change")
    assert len(found.others) == found.n_possible == 3  # one of L0's three others, both of L1's
    held(found, hooked("gpt2", spec))


def test_one_head_alone_is_the_sweeps(loaded, spec_of):
    model = loaded("llama")
    spec = spec_of(model, AblationKind.MEAN)
    found = run_to_end(joint_test(Scorer(model, spec), [Head(2, 1)]))
    swept = run_sweep(model, spec)
    assert found.change == pytest.approx(found.sum_of_singles, abs=1e-6)
    assert found.redundancy == pytest.approx(0, abs=1e-6)
    assert {o.heads for o in found.others} == {(Head(2, 0),), (Head(2, 2),), (Head(2, 3),)}
    for other in found.others:
        expected = swept.effect(other.heads[0]).logit_diff_change
        assert other.change == pytest.approx(expected, abs=2e-5)
    assert found.change == pytest.approx(swept.effect(Head(2, 1)).logit_diff_change, abs=2e-5)


def test_the_order_and_repetition_of_names_do_not_matter(loaded, spec_of):
    model = loaded("gpt2")
    scorer = Scorer(model, spec_of(model, AblationKind.MEAN_ACROSS_HEADS))
    assert run_to_end(joint_test(scorer, [*reversed(HEADS), HEADS[0]])) == run_to_end(
        joint_test(scorer, HEADS)
    )
    with pytest.raises(InputError, match="no L3H0"):
        run_to_end(joint_test(scorer, [Head(3, 0)]))
    with pytest.raises(InputError, match="No head is named"):
        run_to_end(joint_test(scorer, []))


def test_a_joint_test_by_hand():
    def effect(logprob, logit_diff):
        return Effect(
            prob=0.1,
            prob_change=-0.4,
            logprob_change=logprob,
            logodds_change=0.0,
            logit_diff_change=logit_diff,
            kl=0.0,
            rank=2,
            top=((" a", 0.5),),
        )

    others = tuple(
        ComparisonSet((Head(0, 2 + i),), c) for i, c in enumerate((-4.0, -3.0, 0.0, 1.0))
    )
    found = JointTest(
        HEADS[:2],
        "logit_diff_change",
        Baseline(0.5, -0.7, 1, 2.0, ()),
        effect(-9.0, -3.0),
        (effect(-9.0, -0.5), effect(-9.0, -0.25)),
        others,
        4,
        strongest=True,
    )
    assert found.change == -3.0
    assert found.sum_of_singles == -0.75
    assert found.redundancy == -2.25
    assert found.relation is Relation.BACKUP
    assert found.place == Place(rank=2, of=5, tied=1)
    told = found.to_dict()
    assert json.loads(json.dumps(told, allow_nan=False)) == told
    assert told["others"][0] == [["L0H2"], -4.0]
    assert list(told["singles"]) == ["L0H1", "L1H0"]
    assert told["relation"] == "back each other up"
    assert told["place"] == {"rank": 2, "of": 5, "tied": 1, "percentile": None}
    assert told["strongest"] is True
    assert replace(found, others=()).place is None
    less = replace(found, joint=effect(-9.0, -2.5), singles=(effect(0, -2.6), effect(0, -3.2)))
    assert "less than L1H0 alone (−2.50 and −3.20)" in redundancy_words(less)


def test_the_induction_heads_of_the_embedded_model_together(demo):
    spec = keep_only_spec(SPEC)
    found = run_to_end(joint_test(Scorer(demo, spec), INDUCTION))
    assert found.baseline.prob > 0.8
    assert found.joint.prob < 0.1
    assert found.joint.rank > 1
    assert found.n_possible == 0
    assert found.place is None  # a layer of four has no other four
    pair = run_to_end(joint_test(Scorer(demo, spec), INDUCTION[:2]))
    assert [other.heads for other in pair.others] == [INDUCTION[2:]]


def test_whether_a_set_is_the_strongest_of_the_sweep(demo):
    """Its place among other sets is then no evidence: said of such a set, and of no other."""
    result = run_sweep(demo, SPEC)
    ranked = sorted(result.heads, key=lambda effect: -abs(effect.logodds_change))
    heads = [effect.address for effect in ranked]
    scorer = Scorer(demo, SPEC)
    assert run_to_end(joint_test(scorer, heads[:2])).strongest
    others = run_to_end(joint_test(scorer, [heads[0], heads[-1]]))
    assert not others.strongest
    assert "construction" not in comparison_words(others)
    strongest = run_to_end(joint_test(scorer, heads[:1]))
    assert "by construction" in comparison_words(strongest)


def test_a_whole_layer_as_a_set_is_the_layers_own_effect(loaded, spec_of):
    """What is measured beside the heatmap, under a kind that the running pass computes."""
    model = loaded("gpt2")
    spec = spec_of(model, AblationKind.MEAN_ACROSS_HEADS)
    layers = run_to_end(iter_layer_effects(Scorer(model, spec), []))
    for layer, effect in enumerate(layers.attention):
        heads = parse_heads(f"L{layer}", (model.n_layers, model.n_heads))
        found = run_to_end(joint_test(Scorer(model, spec), heads))
        assert found.joint.logprob_change == pytest.approx(effect.logprob_change, abs=1e-5)
        assert found.others == ()

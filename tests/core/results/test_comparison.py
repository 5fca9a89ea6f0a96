"""Two runs beside each other: every number worked by hand, identities, what differs, refusals."""

from dataclasses import replace

import numpy as np
import pytest

from core.demo import example
from core.errors import InputError
from core.results.comparison import STRONGEST, compare
from core.results.differences import RunDifference, run_differences
from core.results.metrics import FIELDS
from core.results.result import Baseline, HeadEffect, Provenance, SweepResult
from core.spec.heads import Head, all_heads
from core.spec.spec import SweepSpec

SPEC = SweepSpec("demo", "a b", " c", ablation="zero", prepend_bos=True)
ONE_PROMPT = (
    "One prompt, the same in both runs: these are effects on it, without any error bar, and no "
    "test of whether heads differ in general."
)


def swept(changes, spec=SPEC, *, fingerprint="f", prob=0.5, **options):
    """A finished run whose changes of log prob are these, layer by head; KL is their size."""
    values = np.array(changes, dtype=float)
    logit_diff = 1.0 if spec.foil else None
    heads = tuple(
        HeadEffect(
            layer=layer,
            head=head,
            prob=prob,
            prob_change=float(change) / 10,
            logprob_change=float(change),
            logodds_change=2 * float(change),
            logit_diff_change=None if logit_diff is None else -float(change),
            kl=abs(float(change)),
            rank=1,
            top=(),
        )
        for (layer, head), change in np.ndenumerate(values)
    )
    known = {
        "tokens": ("a", " b"),
        "special": (False, False),
        "target_tokens": (" c",),
        "foil_tokens": (),
        "provenance": Provenance("0", "0", "0", fingerprint, "cpu", "float32", 1.0),
        **options,
    }
    baseline = Baseline(prob, float(np.log(prob)), 1, logit_diff, ())
    return SweepResult(spec=spec, shape=values.shape, baseline=baseline, heads=heads, **known)


ONE = swept([[-3, 1], [0.5, -0.25]])
OTHER = swept([[-1, -1], [0.5, 2]])


def test_a_comparison_by_hand():
    found = compare(ONE, OTHER, "logprob_change")
    assert found.one.tolist() == [[-3, 1], [0.5, -0.25]]
    assert found.other.tolist() == [[-1, -1], [0.5, 2]]
    assert found.difference.tolist() == [[2, -2], [0, 2.25]]
    # Ranks 0 3 2 1 against 0.5 0.5 2 3: sums of products of what is left of their means 1.5:
    # 1.5 - 1.5 + 0.25 - 0.75 = -0.5, over the root of 5 * 4.5.
    assert found.signed_correlation == pytest.approx(-0.5 / np.sqrt(5 * 4.5))
    # Sizes 3 1 0.5 0.25 (ranks 3 2 1 0) against 1 1 0.5 2 (1.5 1.5 0 3):
    # 1.5 * 0 + 0.5 * 0 - 0.5 * -1.5 - 1.5 * 1.5 = -1.5.
    assert found.size_correlation == pytest.approx(-1.5 / np.sqrt(5 * 4.5))
    # The largest first; of the two that moved by 2, the one whose address comes first.
    assert [(m.head.label, m.one, m.other, m.difference) for m in found.moved] == [
        ("L1H1", -0.25, 2, 2.25),
        ("L0H0", -3, -1, 2),
        ("L0H1", 1, -1, -2),
        ("L1H0", 0.5, 0.5, 0),
    ]


def test_values_are_in_the_unit_of_a_result():
    """A probability stays a fraction here: percentage points are a matter of display."""
    found = compare(ONE, OTHER, "prob_change")
    assert found.difference == pytest.approx(np.array([[0.2, -0.2], [0, 0.225]]))
    assert compare(ONE, OTHER, "kl").difference.tolist() == [[-2, 0], [0, 1.75]]


def test_the_strongest_of_each_run_and_what_chance_would_share():
    one = np.zeros((3, 8))
    one[0], one[1, :4] = range(8, 0, -1), [-9, -10, -11, -12]
    other = np.zeros((3, 8))
    other[2], other[0, 0] = range(1, 9), 100
    found = compare(swept(one), swept(other), "logprob_change")
    strongest = ["L1H3", "L1H2", "L1H1", "L1H0", *(f"L0H{h}" for h in range(6))]
    assert [head.label for head in found.strongest[0]] == strongest
    assert len(strongest) == STRONGEST
    # Nine heads only do anything in the other run: a 0 is not among the strongest.
    assert [h.label for h in found.strongest[1]] == ["L0H0", *(f"L2H{h}" for h in range(7, -1, -1))]
    assert found.shared == (Head(0, 0),)
    assert found.shared_by_chance == 10 * 9 / 24


@pytest.mark.parametrize("metric", ["prob_change", "logprob_change", "logodds_change", "kl"])
def test_a_run_is_the_same_as_itself(metric):
    result = example.saved()
    found = compare(result, result, metric)
    assert not found.difference.any()
    assert found.signed_correlation == pytest.approx(1)
    assert found.size_correlation == pytest.approx(1)
    assert [m.head for m in found.moved] == all_heads(*result.shape)
    assert found.shared == found.strongest[0] == found.strongest[1]
    assert found.differs == ()
    assert found.caveats[0] == (
        "Nothing differs between the runs: the same weights, prompt and settings, and every value "
        "is the same."
    )
    assert found.caveats[1] == ONE_PROMPT


def test_the_other_way_round_only_the_sign_changes():
    there, back = compare(ONE, OTHER, "logprob_change"), compare(OTHER, ONE, "logprob_change")
    assert back.difference.tolist() == (-there.difference).tolist()
    assert back.signed_correlation == pytest.approx(there.signed_correlation)
    assert back.size_correlation == pytest.approx(there.size_correlation)
    assert [m.head for m in back.moved] == [m.head for m in there.moved]
    assert back.strongest == there.strongest[::-1]


def test_a_run_that_gives_every_head_the_same_has_no_rank_correlation():
    found = compare(swept([[1, -1]]), swept([[1, 2]]), "kl")
    assert found.size_correlation is found.signed_correlation is None
    assert compare(swept([[1]]), swept([[2]]), "kl").signed_correlation is None


def refusal(one, other, metric="kl"):
    with pytest.raises(InputError) as caught:
        compare(one, other, metric)
    return caught.value.field, str(caught.value)


def test_runs_that_cannot_be_compared_are_refused():
    wide = swept([[1, 2, 3]], replace(SPEC, model="wide"))
    field, said = refusal(ONE, wide)
    assert field == "other"
    assert said == (
        "The first run is of demo (2 × 2, layers × heads), the second of wide (1 × 3): heads can "
        "be held against each other only where both models have as many. Choose two runs of "
        "models of one shape."
    )
    part = replace(OTHER, heads=OTHER.heads[:3], _index={})
    assert refusal(ONE, part) == (
        "other",
        "The second run has 3 of its 4 heads: let it finish, or sweep it again, and compare then.",
    )
    assert refusal(part, ONE)[0] == "one"
    assert refusal(ONE, OTHER, "loss") == (
        "metric",
        f"'loss' is not a metric: use one of {', '.join(FIELDS)}.",
    )


def test_a_logit_difference_needs_a_foil_in_both_runs():
    with_foil = swept([[1, 2], [3, 4]], replace(SPEC, foil=" d"))
    field, said = refusal(with_foil, OTHER, "logit_diff_change")
    assert (field, said.startswith("The second run (demo) has no foil")) == ("metric", True)
    assert refusal(ONE, with_foil, "logit_diff_change")[1].startswith("The first run (demo)")
    found = compare(with_foil, with_foil, "logit_diff_change")
    assert found.one.tolist() == [[-1, -2], [-3, -4]]
    odd = replace(with_foil, heads=(*OTHER.heads[:1], *with_foil.heads[1:]), _index={})
    assert refusal(odd, with_foil, "logit_diff_change")[0] == "metric"


CHANGED = {
    "model": ({"model": "other"}, ("demo", "other")),
    "prompt": ({"prompt": "x y"}, ("a b", "x y")),
    "target": ({"target": (" c", " d")}, ("␣c", "␣c or ␣d")),
    "foil": ({"foil": " d"}, ("none", "␣d")),
    "ablation": ({"ablation": "mean-across-heads"}, ("zero", "mean across heads")),
    "positions": ({"positions": (0, 3)}, ("all", "0, 3")),
    "prepend_bos": ({"prepend_bos": False}, ("yes", "no")),
    "weights": ({"weights": "raw"}, ("processed", "raw")),
    "dtype": ({"dtype": "bfloat16"}, ("float32", "bfloat16")),
}


@pytest.mark.parametrize(("field", "change", "texts"), [(f, *c) for f, c in CHANGED.items()])
def test_what_differs_is_told_with_both_values(field, change, texts):
    other = swept([[1]], replace(SPEC, **change))
    (found,) = run_differences(swept([[1]]), other)
    assert (found.field, found.one, found.other) == (field, *texts)
    (back,) = run_differences(other, swept([[1]]))
    assert (back.one, back.other) == texts[::-1]


def test_what_belongs_to_a_kind_of_ablation_is_told_too():
    mean = replace(SPEC, ablation="mean", reference=("a", "b"))
    resample = replace(SPEC, ablation="resample", corrupted_prompt="x b")
    assert run_differences(swept([[1]], mean), swept([[1]], resample)) == (
        RunDifference("ablation", "ablation", "mean", "resample"),
        RunDifference("corrupted_prompt", "corrupted prompt", "none", "x b"),
        RunDifference("reference", "reference set", "2 reference prompts", "none"),
    )
    (found,) = run_differences(
        swept([[1]], mean), swept([[1]], replace(mean, reference=("a", "c")))
    )
    assert found.other == "2 reference prompts (other texts)"
    many = run_differences(swept([[1]]), swept([[1]], replace(SPEC, positions=tuple(range(2, 40)))))
    assert many[0].other == "38 positions from 2 to 39"


def test_other_weights_under_one_name_differ_in_their_fingerprint():
    one, other = swept([[1, 2]]), swept([[1, 2]], fingerprint="g")
    assert run_differences(one, other) == (
        RunDifference("model_fingerprint", "model fingerprint", "f", "g"),
    )
    assert "not the same head, unless" in compare(one, other, "kl").caveats[0]
    # Two names of one checkpoint are one model.
    alias = swept([[1, 2]], replace(SPEC, model="alias"))
    assert (
        compare(one, alias, "kl").caveats[0] == "demo and alias are two names of the same weights."
    )


def caveats(other, one=None, metric="logprob_change"):
    return " ".join(compare(one or swept([[1, 2]]), other, metric).caveats)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"target": " d"}, "The targets differ"),
        ({"ablation": "mean-across-heads"}, "Each head writes in a basis of its own"),
        ({"ablation": "mean"}, "replaced by different things (zero, mean)"),
        ({"positions": "last"}, "ablate at different positions"),
        ({"prepend_bos": False}, "begins with BOS"),
        ({"weights": "raw"}, "processed weights, the other raw ones"),
        ({"dtype": "bfloat16"}, "bfloat16"),
        ({"prompt": "x b"}, "One prompt a run"),
        ({"prompt": "x b", "target": " d"}, "several things at once (prompt, target)"),
    ],
)
def test_each_difference_has_its_caveat_and_equal_runs_have_none_of_them(change, said):
    assert said in caveats(swept([[1, 2]], replace(SPEC, **change)))
    assert said not in caveats(swept([[1, 2]]))


def test_points_of_baselines_that_differ_are_not_on_an_equal_footing():
    low = swept([[1, 2]], prob=0.12)
    said = "The baselines differ (50.0 % and 12.0 %), so percentage points are not"
    assert said in caveats(low, metric="prob_change")
    assert said not in caveats(low, metric="logprob_change")
    assert "baselines" not in caveats(swept([[1, 2]], prob=0.505), metric="prob_change")


def test_a_foil_or_a_target_is_a_caveat_only_where_the_metric_depends_on_it():
    one, other = (swept([[1, 2]], replace(SPEC, foil=foil)) for foil in (" d", " e"))
    assert "foils differ" in caveats(other, one, "logit_diff_change")
    assert caveats(other, one, "logprob_change") == ONE_PROMPT
    long = swept([[1, 2]], replace(SPEC, target=" c d"), target_tokens=(" c", " d"))
    assert "targets differ" not in caveats(long, metric="kl")
    assert "positions, of which there are 1 and 2" in caveats(long, metric="kl")
    a_set = swept([[1, 2]], replace(SPEC, target=(" c", " d")), target_tokens=(" c", " d"))
    assert "of which there are" not in caveats(a_set, metric="kl")


def test_pairs_of_one_kind_have_the_kinds_own_caveat():
    means = [replace(SPEC, ablation="mean", reference=(text,)) for text in "ab"]
    assert "reference sets differ" in caveats(swept([[1]], means[1]), swept([[1]], means[0]))
    resamples = [replace(SPEC, ablation="resample", corrupted_prompt=text) for text in "ab"]
    both = swept([[1]], resamples[1]), swept([[1]], resamples[0])
    assert "corrupted prompts differ" in caveats(*both)
    at = replace(SPEC, positions=(1,))
    moved = swept([[1]], replace(at, prompt="x y"), tokens=("x", " y"))
    assert "not the same tokens" in caveats(moved, swept([[1]], at))


def test_two_tokenisations_of_one_prompt_are_told():
    other = swept([[1, 2]], replace(SPEC, model="m"), fingerprint="g", tokens=("a", " ", "b"))
    assert "as different tokens (2 and 3 of them)" in caveats(other)


def test_what_rounding_leaves_between_equal_runs_is_told_with_its_size():
    one = swept([[1, 2]])
    other = swept([[1, 2.001]], provenance=replace(one.provenance, device="cuda"))
    assert "up to 1.0e−03" in caveats(other)
    assert "(cpu, torch 0 and cuda, torch 0)" in caveats(other)


def test_heads_that_hardly_do_anything_are_counted():
    said = caveats(swept([[1, 0.09, 0, -0.01]]), swept([[2, 0, -0.09, 0.01]]))
    assert "3 of 4 heads are under 0.1 nats in both runs" in said
    assert "under 0.1" not in caveats(swept([[1, 0.09, 0, 1]]), swept([[2, 0, -0.09, 1]]))
    # These changes of probability are a tenth of those of log prob.
    slight = caveats(swept([[1, 0.09, 0, 0.05]]), swept([[1, 0, 0, 0]]), "prob_change")
    assert "3 of 4 heads are under 1 percentage point in both runs" in slight

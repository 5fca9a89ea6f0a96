"""The commands about heads: their JSON beside the core's own numbers, its story, every refusal."""

import json
from collections import deque
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise

import numpy as np
import pytest
from support import specs
from support.command_line import headsweep, refused

from core.checkpoints.catalogue import DEMO_FOLDER
from core.circuits.attention import head_attention
from core.circuits.by_kind import by_kind
from core.circuits.by_position import iter_position_effects
from core.circuits.direct_effect import direct_effect
from core.circuits.dose import measure_dose
from core.circuits.edge import Edge
from core.circuits.logit_effects import logit_effects
from core.circuits.measure_scores import measure_head_scores, measure_scores_without
from core.circuits.path_patching import measure_path_patching
from core.circuits.verdict import verdict
from core.demo.example import SPEC
from core.hypotheses.held_out import held_out
from core.hypotheses.interactions import interactions
from core.hypotheses.joint import joint_test
from core.hypotheses.joint_words import comparison_words, joint_words, redundancy_words
from core.hypotheses.keep_only import keep_only, keep_only_spec
from core.hypotheses.search import greedy
from core.hypotheses.variants import variants
from core.progress import run_to_end
from core.results.agreement import with_kind
from core.spec.ablation import AblationKind
from core.spec.heads import Head
from core.spec.members import Mlp
from core.sweep.scorer import Scorer
from core.sweep.sweep import run_sweep
from core.text.jsonable import jsonable
from core.text.numbers import percent, signed

METRICS = json.loads((DEMO_FOLDER / "metrics.json").read_text(encoding="utf-8"))["heads"]
INDUCTION = ("L1H0", "L1H1", "L1H2", "L1H3")
L1H0 = Head(1, 0)
MEAN = with_kind(SPEC, AblationKind.MEAN)
PANGRAM = ("--prompt", SPEC.prompt, "--target", SPEC.target)
COMMANDS = {
    "head": ("--head", "L1H0", *PANGRAM, "--ablation", "mean"),
    "joint": (
        *("--role", "induction", *PANGRAM, "--greedy"),
        *("--predict", "breaks", "--predicted-prob", "0.05"),
    ),
    "roles": ("--without", "L0H0"),
}


def strict(text):
    """JSON as the standard has it: no NaN, no infinity."""

    def refuse(constant):
        raise ValueError(f"{constant} is no JSON")

    return json.loads(text, parse_constant=refuse)


def assert_same(found, expected):
    """Equal but for rounding, which may differ with the number of threads."""
    if isinstance(expected, dict):
        assert set(found) == set(expected)
        for name, value in expected.items():
            assert_same(found[name], value)
    elif isinstance(expected, list | tuple):
        assert len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            assert_same(one, other)
    elif isinstance(expected, float):
        assert found == pytest.approx(expected, rel=1e-4, abs=1e-5)
    else:
        assert found == expected


@pytest.fixture(scope="module")
def kept():
    return {}


@pytest.fixture
def told(inside, kept):
    """told(*arguments): the JSON that a command prints in this process; each is run once."""

    def call(*arguments):
        if arguments not in kept:
            done = inside(*arguments, "--device", "cpu")
            assert (done.returncode, done.stderr) == (0, "")
            kept[arguments] = strict(done.stdout)
        return kept[arguments]

    return call


@pytest.fixture
def printed(told, kept):
    """What each of `COMMANDS` prints, and between which moments they did."""
    if "printed" not in kept:
        started = datetime.now(UTC).replace(microsecond=0)
        found = {command: told(command, *arguments) for command, arguments in COMMANDS.items()}
        kept["printed"] = {**found, "when": (started, datetime.now(UTC))}
    return kept["printed"]


@pytest.mark.slow
def test_a_real_process_prints_the_same(printed):
    done = headsweep("roles", *COMMANDS["roles"], "--device", "cpu")
    assert (done.returncode, done.stderr) == (0, "")
    apart = {"provenance": None}  # it says how long it took
    assert_same(strict(done.stdout) | apart, printed["roles"] | apart)


# One head


@pytest.fixture(scope="module")
def scorer(demo):
    return Scorer(demo, MEAN)


@pytest.mark.slow
def test_a_head_has_the_sweeps_own_numbers(printed, demo):
    found, result = printed["head"], run_sweep(demo, MEAN)
    assert set(found) == {
        *("schema", "spec", "head", "tokens", "target_tokens", "baseline", "effect", "verdict"),
        *("leading_metric", "logit_attribution"),
        *(
            "attention",
            "logit_effects",
            "by_position",
            "head_scores",
            "path_patching",
            "direct_effect",
            "by_kind",
            "dose",
            "leading_metric",
            "literature",
        ),
        "provenance",
    }
    assert (found["schema"], found["head"]) == ("headsweep.head/3", "L1H0")
    assert found["spec"] == result.spec.to_dict()
    assert found["tokens"] == list(result.tokens)
    assert found["target_tokens"] == [" jumps"]
    assert_same(found["baseline"], jsonable(result.baseline))
    assert_same(found["effect"], result.effect(L1H0).to_dict())
    provenance = found["provenance"]
    assert provenance == {**result.provenance.to_dict(), "seconds": provenance["seconds"]}


VIEWS = {
    "attention": lambda scorer: {
        "weights": head_attention(scorer.start, L1H0).weights.tolist(),
        "value_lengths": head_attention(scorer.start, L1H0).value_lengths.tolist(),
    },
    "logit_effects": lambda scorer: logit_effects(scorer, L1H0).to_dict(),
    "by_position": lambda scorer: (
        deque(iter_position_effects(scorer, [L1H0]), 1).pop()[1].to_dict()
    ),
    "path_patching": lambda scorer: run_to_end(
        measure_path_patching(scorer, L1H0, answer=True)
    ).to_dict(),
    "dose": lambda scorer: run_to_end(measure_dose(scorer, [L1H0])).to_dict(),
    "direct_effect": lambda scorer: direct_effect(scorer, L1H0).to_dict(),
    "by_kind": lambda scorer: {
        kind.value: effect.to_dict() for kind, effect in run_to_end(by_kind(scorer, L1H0)).items()
    },
}


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_of_a_head_is_what_the_core_measures(printed, scorer, view):
    assert_same(printed["head"][view], VIEWS[view](scorer))


def test_the_views_of_a_head_agree_with_each_other(printed):
    found = printed["head"]
    clean, effect, n_pos = found["baseline"], found["effect"], len(found["tokens"])
    by = found["direct_effect"]
    assert by["direct"] + by["downstream"] == pytest.approx(by["total"])
    assert by["metric"] == found["leading_metric"] == "logodds_change"
    assert by["total"] == pytest.approx(effect["logodds_change"], abs=1e-5)
    repair = by["beyond_direct"]
    assert by["direct_frozen_norm"] + repair["total"] == pytest.approx(by["total"])
    assert sum(value for name, value in repair.items() if name != "total") == pytest.approx(
        repair["total"]
    )
    added = found["logit_attribution"]
    odds = np.log(clean["prob"] / (1 - clean["prob"]))
    assert (added["metric"], added["total"]) == ("logodds", pytest.approx(odds, abs=1e-4))
    parts = np.sum(added["heads"]) + sum(added["mlps"]) + added["embed"] + added["rest"]
    assert parts == pytest.approx(added["total"])
    assert_same(found["by_kind"]["mean"], effect)
    assert set(found["by_kind"]) == {"mean", "zero", "mean-across-heads"}  # nothing to resample
    weights = np.array(found["attention"]["weights"])
    assert weights.sum(-1) == pytest.approx(np.ones(n_pos), abs=1e-5)
    assert not np.triu(weights, 1).any()
    fed = found["path_patching"]
    assert fed["query"] == n_pos - 1
    assert fed["key"] == 1 + weights[-1, 1:].argmax()
    assert found["tokens"][fed["key"]] == " jumps"  # what followed the first " fox"
    assert fed["weight"] == pytest.approx(weights[fed["query"], fed["key"]], abs=1e-6)
    predictions = {
        text: (before, after) for text, before, after in found["logit_effects"]["predictions"]
    }
    assert predictions[" jumps"] == pytest.approx((clean["prob"], effect["prob"]), abs=1e-5)
    assert found["by_position"]["positions"] == list(range(n_pos))


def test_the_verdict_and_the_kind_are_those_of_the_measured_head(printed, demo, scorer):
    found, roles = printed["head"], run_to_end(measure_head_scores(demo))
    kinds, result = run_to_end(by_kind(scorer, L1H0)), run_sweep(demo, MEAN)
    said = verdict(result, result.effect(L1H0), direct_effect(scorer, L1H0), kinds, roles)
    assert found["verdict"] == [sentence.text for sentence in said]
    row = next(row for row in printed["roles"]["heads"] if row["label"] == "L1H0")
    kind = found["head_scores"]
    assert kind["looks_like"] == row["looks_like"] == "induction"
    assert kind["threshold"] == printed["roles"]["threshold"]
    assert kind["copying"] == pytest.approx(row["copying"])
    assert set(kind["scores"]) == set(row["scores"])
    for role, values in kind["scores"].items():
        assert values["score"] == pytest.approx(row["scores"][role], abs=1e-5)
        assert values["standard_error"] == pytest.approx(row["standard_errors"][role], abs=1e-5)
        assert values["percentile"] == roles.percentile(role, L1H0)
        every = sorted((each["scores"][role] for each in printed["roles"]["heads"]), reverse=True)
        assert values["of"] == len(every) == 12
        assert every[values["rank"] - 1] == pytest.approx(row["scores"][role])


@pytest.mark.slow
def test_a_query_and_a_key_of_ones_own_reach_the_feeds(told, demo):
    found = told("head", "--head", "L1H0", *PANGRAM, "--query", "13", "--key", "4")["path_patching"]
    assert (found["query"], found["key"]) == (13, 4)  # " brown" looks at the first " fox"
    work = measure_path_patching(Scorer(demo, SPEC), L1H0, 13, 4, answer=True)
    assert_same(found, run_to_end(work).to_dict())


@pytest.mark.slow
def test_an_edge_of_ones_own_is_taken_and_named(told, demo):
    arguments = ("--head", "L2H1", *PANGRAM, "--edge", "mlps", "--group")
    found = told("head", *arguments)["path_patching"]
    assert found["edge"] == "mlps"
    assert found["answer"]["read_by"] == found["keys_shared_by"] == ["L2H1"]
    work = measure_path_patching(
        Scorer(demo, SPEC), Head(2, 1), edge=Edge.MLPS, answer=True, whole_group=True
    )
    assert_same(found, run_to_end(work).to_dict())


# A set of heads


@pytest.fixture(scope="module")
def chosen():
    return [Head.parse(label) for label in INDUCTION]


def test_a_set_has_the_joint_tests_own_numbers(printed, demo, chosen):
    found, joint = printed["joint"], run_to_end(joint_test(Scorer(demo, SPEC), chosen))
    assert set(found) == {
        *("schema", "spec", "verdict", "joint", "interactions", "keep_only"),
        *("leading_metric", "search", "variants", "provenance"),
    }
    assert found["schema"] == "headsweep.joint/4"
    assert found["leading_metric"] == "logodds_change"
    assert found["spec"] == SPEC.resolved(prepend_bos=True).to_dict()
    said = [joint_words(joint), comparison_words(joint), redundancy_words(joint)]
    assert_same(found["joint"], {**joint.to_dict(), "sentences": said})
    went = f"P {percent(joint.baseline.prob)} → {percent(joint.joint.prob)}"
    assert went in said[0]  # P beside what is inferred; where it stands among sets has none
    assert went in said[2]
    assert_same(
        found["interactions"], run_to_end(interactions(Scorer(demo, SPEC), chosen)).to_dict()
    )
    assert found["provenance"]["model_fingerprint"] == demo.fingerprint


def test_a_sets_numbers_were_recorded_when_the_model_was_made(printed):
    """By plain hooks on the embedded model, without this engine; rounded to four digits."""
    found = printed["joint"]["joint"]
    after = METRICS["pangram_all_induction_heads_ablated"]["mean-across-heads"]
    assert found["joint"]["prob"] == pytest.approx(after, abs=1e-4)
    effects = METRICS["effects"]["pangram"]["mean-across-heads"]
    for label, effect in found["singles"].items():
        assert effect["prob_change"] == pytest.approx(effects[label], abs=1e-4)


def test_redundancy_and_interactions_are_sums_of_what_is_printed(printed):
    joint, acting = printed["joint"]["joint"], printed["joint"]["interactions"]
    singles = [joint["singles"][label]["logodds_change"] for label in INDUCTION]
    assert joint["change"] == joint["joint"]["logodds_change"]
    assert joint["sum_of_singles"] == pytest.approx(sum(singles))
    assert joint["redundancy"] == pytest.approx(joint["change"] - sum(singles))
    assert joint["redundancy"] < -1
    assert joint["relation"] == "back each other up"
    assert acting["single"] == pytest.approx(singles, abs=1e-5)
    alone = dict(zip(acting["heads"], acting["single"], strict=True))
    assert len(acting["pairs"]) == 6
    for pair in acting["pairs"]:
        a, b = pair["heads"]
        assert pair["interaction"] == pytest.approx(pair["joint"] - alone[a] - alone[b])
        backed = pair["interaction"] <= -0.1 and pair["joint"] < min(alone[a], alone[b], 0)
        assert (pair["relation"] == "back each other up") is backed


@pytest.mark.slow
def test_keeping_and_searching_are_done_under_mean_and_say_so(printed, demo, chosen):
    found, keeper = printed["joint"], Scorer(demo, keep_only_spec(SPEC))
    assert found["spec"]["ablation"] == "mean-across-heads"
    kept, search = dict(found["keep_only"]), dict(found["search"])
    assert kept.pop("ablation") == search.pop("ablation") == "mean"
    assert_same(kept, run_to_end(keep_only(keeper, chosen)).to_dict())
    expected = deque(greedy(keeper), 1).pop()
    assert_same(search, expected.to_dict())
    assert search["finished"]
    steps = search["forward"]["steps"]
    assert_same(steps[0]["effect"], kept["empty"])
    gained = [step["effect"]["logodds_change"] for step in steps]
    assert all(one < other for one, other in pairwise(gained))
    made = variants(demo, keep_only_spec(SPEC))
    tried = run_to_end(held_out(demo, keep_only_spec(SPEC), expected.heads, made))
    assert len(found["variants"]) == 5
    assert_same(found["variants"], [each.to_dict() for each in tried])


def test_a_set_with_an_mlp_and_its_refusal(told, inside, demo):
    found = told("joint", "--heads", "L1H0, L1 MLP", "--ablation", "zero", *PANGRAM)
    spec = replace(SPEC, ablation="zero")
    expected = run_to_end(joint_test(Scorer(demo, spec), (Head(1, 0), Mlp(1))))
    assert found["joint"]["heads"] == ["L1H0", "MLP1"]
    assert found["joint"]["change"] == pytest.approx(expected.change, abs=1e-3)
    assert [each["heads"] for each in found["interactions"]["pairs"]] == [["L1H0", "MLP1"]]
    assert found["keep_only"]["ablated"] == "heads and MLPs"
    refused_ = inside("joint", "--heads", "MLP1", *PANGRAM)
    assert refused_.returncode == 2
    assert "--heads: An MLP has no heads to average over" in refused_.stderr


def test_heads_by_name_and_by_role_are_the_same_set(printed, told):
    by_role = printed["joint"]["joint"]
    assert by_role["heads"] == METRICS["induction_heads"] == list(INDUCTION)
    by_name = told("joint", "--heads", "L1H3, 1.0;L1H2 L1H1 L1H0", *PANGRAM)
    assert_same(by_name["joint"], by_role)
    assert by_name["verdict"] is None
    assert not {"search", "variants"} & set(by_name)


def test_the_head_that_looks_back_one_is_a_set_of_its_own(told):
    found = told("joint", "--role", "previous token", *PANGRAM)
    assert found["joint"]["heads"] == ["L0H0"]
    assert found["interactions"] is None  # there is no pair
    assert found["joint"]["n_possible"] == len(found["joint"]["others"]) == 3


# A prediction


def test_a_prediction_is_dated_and_held_against_what_was_measured(printed):
    found, joint = printed["joint"]["verdict"], printed["joint"]["joint"]
    made = found["prediction"]
    started, ended = printed["when"]
    assert started <= datetime.fromisoformat(made["made_at"]) <= ended
    assert made["heads"] == list(INDUCTION)
    assert (made["breaks"], made["prob_after"], made["after_looking"]) == (True, 0.05, None)
    for name, values in (("baseline", joint["baseline"]), ("measured", joint["joint"])):
        assert found[name] == {"prob": values["prob"], "rank": values["rank"]}
    assert found["broke"] is found["right"] is True
    assert found["error_points"] == pytest.approx(100 * (joint["joint"]["prob"] - 0.05))
    assert 0.3 < found["error_points"] < 0.6  # 5.45 % were measured
    assert any(made["made_at"][:10] in sentence for sentence in found["sentences"])
    assert any(f"off by {signed(found['error_points'])} pp" in said for said in found["sentences"])


@pytest.mark.parametrize(
    ("heads", "predict", "prob", "right", "contradictory", "said"),
    [
        ("L1H0,L1H1,L1H2,L1H3", "holds", "0.8", False, False, "Wrong about breaking"),
        ("L1H0,L1H1,L1H2,L1H3", "holds", "0.05", False, True, "contradicted itself"),
        ("L1H0", "breaks", "0.1", False, False, "Wrong about breaking"),
        ("L1H0", "holds", "0.8", True, False, "Right about breaking"),
    ],
)
def test_a_prediction_is_told_right_or_wrong(
    told, heads, predict, prob, right, contradictory, said
):
    asked = (*PANGRAM, "--predict", predict, "--predicted-prob", prob)
    found = told("joint", "--heads", heads, *asked)
    verdict = found["verdict"]
    broke = heads != "L1H0"
    assert verdict["broke"] is broke
    assert (verdict["right"], verdict["contradictory"]) == (right, contradictory)
    off = 100 * (found["joint"]["joint"]["prob"] - float(prob))
    assert verdict["error_points"] == pytest.approx(off)
    assert said in " ".join(verdict["sentences"])


# Roles


def test_roles_are_the_cores_own(printed, demo):
    found = dict(printed["roles"])
    assert found.pop("schema") == "headsweep.roles/1"
    assert found.pop("model") == "demo"
    provenance, without = found.pop("provenance"), dict(found.pop("without"))
    assert provenance["model_fingerprint"] == demo.fingerprint
    assert "seconds" not in provenance
    assert_same(found, run_to_end(measure_head_scores(demo)).to_dict())
    assert (without.pop("head"), without.pop("ablation")) == ("L0H0", "mean")
    after = run_to_end(measure_scores_without(demo, Head(0, 0), AblationKind.MEAN))
    assert_same(without, after.to_dict())


def test_roles_alone_ablate_nothing(told, printed):
    found = told("roles")
    assert found["without"] is None
    assert_same(found["heads"], printed["roles"]["heads"])


@pytest.mark.slow
def test_a_reference_set_and_a_kind_of_ones_own_are_used(told, demo, tmp_path):
    path = tmp_path / "reference.txt"
    path.write_text("The fox.\nA dog jumps over it.\n", encoding="utf-8")
    found = told("roles", "--without", "L0H0", "--reference-file", str(path))["without"]
    texts = ("The fox.", "A dog jumps over it.")
    after = run_to_end(measure_scores_without(demo, Head(0, 0), AblationKind.MEAN, texts)).to_dict()
    assert_same(found["heads"], after["heads"])
    zeroed = told("roles", "--without", "L0H0", "--ablation", "zero")["without"]
    assert zeroed["ablation"] == "zero"
    after = run_to_end(measure_scores_without(demo, Head(0, 0), AblationKind.ZERO)).to_dict()
    assert_same(zeroed["heads"], after["heads"])
    induction = [rows[4]["scores"]["induction"] for rows in (found["heads"], zeroed["heads"])]
    assert induction[0] != induction[1]


# The story, by numbers alone


def heads_like(rows, role):
    return [row["label"] for row in rows if row["looks_like"] == role]


def test_the_previous_token_head_feeds_the_induction_head_through_its_keys(printed):
    (previous,) = heads_like(printed["roles"]["heads"], "previous token")
    fed = printed["head"]["path_patching"]
    by_key = {
        f"L{layer}H{head}": change
        for layer, row in enumerate(fed["by_key"])
        for head, change in enumerate(row)
        if change is not None
    }
    first, second = sorted(by_key, key=lambda label: -abs(by_key[label]))[:2]
    assert first == previous == "L0H0"
    assert by_key[first] < -0.4 < -10 * abs(by_key[second])
    composed = np.array(fed["composition"]["key"][0])
    assert composed.argmax() == 0
    assert composed[0] > 2 * fed["composition"]["random"]


def test_without_the_previous_token_head_induction_collapses(printed):
    clean, after = printed["roles"]["heads"], printed["roles"]["without"]["heads"]
    assert heads_like(clean, "induction") == list(INDUCTION)
    assert heads_like(after, "induction") == []
    for before, without in zip(clean, after, strict=True):
        if before["label"] in INDUCTION:
            assert before["scores"]["induction"] > 0.8
            assert without["scores"]["induction"] < 0.1
        if before["layer"] == 0:  # what its own layer looks at does not depend on it
            assert without["scores"] == before["scores"]
    assert METRICS["induction_score"]["clean"] == pytest.approx(
        np.mean([row["scores"]["induction"] for row in clean if row["label"] in INDUCTION]),
        abs=1e-4,
    )


# Other questions than one token under one kind

QUESTIONS = {
    "resample": replace(SPEC, ablation="resample", corrupted_prompt=specs.CORRUPTED),
    "foil": replace(SPEC, foil=" runs"),
    "answer set": replace(SPEC, target=(" jumps", " runs")),
    "two tokens": replace(SPEC, target=" jumps over", foil=" runs over"),
}


def options(spec):
    targets = [spec.target] if isinstance(spec.target, str) else spec.target
    asked = ["--prompt", spec.prompt, "--ablation", spec.ablation.value]
    asked += [part for target in targets for part in ("--target", target)]
    asked += [] if spec.foil is None else ["--foil", spec.foil]
    if spec.corrupted_prompt is not None:
        asked += ["--corrupted-prompt", spec.corrupted_prompt]
    return asked


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_head_answers_other_questions(told, demo, name):
    spec = QUESTIONS[name]
    found, result = told("head", "--head", "L1H0", *options(spec)), run_sweep(demo, spec)
    assert found["spec"] == result.spec.to_dict()
    assert found["tokens"] == list(result.sequence)
    assert found["target_tokens"] == list(result.target_tokens)
    assert_same(found["baseline"], jsonable(result.baseline))
    assert_same(found["effect"], result.effect(L1H0).to_dict())
    by = found["direct_effect"]
    assert by["metric"] == ("logodds_change" if spec.foil is None else "logit_diff_change")
    assert by["total"] == pytest.approx(found["effect"][by["metric"]], abs=1e-4)
    assert by["direct"] + by["downstream"] == pytest.approx(by["total"])
    assert ("resample" in found["by_kind"]) is (name == "resample")
    assert_same(found["by_kind"][spec.ablation.value], found["effect"])
    n_pos = len(found["tokens"])
    assert np.array(found["attention"]["weights"]).shape == (n_pos, n_pos)
    assert found["by_position"]["positions"] == list(range(n_pos))
    (changes,) = found["by_position"]["effects"][by["metric"]]
    assert None not in changes
    same = 4 if name == "resample" else 0  # before its first other token nothing can differ
    assert changes[:same] == [0] * same
    assert all(changes[same:])


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_set_answers_other_questions(told, demo, name):
    spec = QUESTIONS[name]
    found = told("joint", "--heads", "L1H0, L1H2", *options(spec))
    expected = run_to_end(joint_test(Scorer(demo, spec), [Head(1, 0), Head(1, 2)])).to_dict()
    assert_same(found["joint"], {**expected, "sentences": found["joint"]["sentences"]})
    metric = "logodds_change" if spec.foil is None else "logit_diff_change"
    assert found["joint"]["metric"] == found["interactions"]["metric"] == metric
    assert found["keep_only"]["ablation"] == ("resample" if name == "resample" else "mean")
    # Of two heads the redundancy is their interaction.
    assert found["joint"]["redundancy"] == pytest.approx(
        found["interactions"]["pairs"][0]["interaction"], abs=1e-4
    )
    alone = dict(told("head", "--head", "L1H0", *options(spec))["effect"])
    for address in ("layer", "head", "label"):
        del alone[address]
    assert_same(found["joint"]["singles"]["L1H0"], alone)


@pytest.mark.slow
def test_an_answer_set_adds_probabilities_and_two_tokens_multiply_theirs(told, demo):
    both = told("head", "--head", "L1H0", *options(QUESTIONS["answer set"]))
    alone = [run_sweep(demo, replace(SPEC, target=target)) for target in (" jumps", " runs")]
    for name, of in (
        ("baseline", lambda result: result.baseline),
        ("effect", lambda result: result.effect(L1H0)),
    ):
        added = sum(of(result).prob for result in alone)
        assert both[name]["prob"] == pytest.approx(added, abs=1e-5)
    two = told("head", "--head", "L1H0", *options(QUESTIONS["two tokens"]))
    first, second = two["baseline"]["token_probs"]
    assert first == pytest.approx(alone[0].baseline.prob, abs=1e-5)
    assert two["baseline"]["prob"] == pytest.approx(first * second, abs=1e-5)
    assert two["tokens"][-1] == " jumps"  # teacher-forced


# Files and refusals


@pytest.mark.slow
@pytest.mark.parametrize("command", ["head", "joint", "roles"])
def test_a_file_gets_what_would_be_printed(inside, told, tmp_path, command):
    arguments = {
        "head": ("--head", "L0H0", *PANGRAM),
        "joint": ("--role", "previous token", *PANGRAM),
        "roles": (),
    }[command]
    out = tmp_path / "found.json"
    done = inside(command, *arguments, "--device", "cpu", "--out", out)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    text = out.read_text(encoding="utf-8")
    written, shown = strict(text), told(command, *arguments)
    assert text.isascii()
    assert text.endswith("}\n")
    for values in (written, shown):  # the one number that is never twice the same
        values["provenance"] = {**values["provenance"], "seconds": None}
    assert_same(written, shown)


DIGITS = "9" * 5000
ONE = ("head", *PANGRAM)
SET = ("joint", *PANGRAM)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (ONE, "Missing option '--head'"),
        ((*ONE, "--head", ""), "--head: '' is not a head: write it as L1H0."),
        ((*ONE, "--head", "banana"), "--head: 'banana' is not a head: write it as L1H0."),
        ((*ONE, "--head", DIGITS), "--head: '999"),
        ((*ONE, "--head", f"L1H{DIGITS}"), "--head: 'L1H999"),
        ((*ONE, "--head", "L9H9"), "--head: demo has no L9H9: its heads are L0H0 to L2H3."),
        ((*ONE, "--head", "L3H0"), "--head: demo has no L3H0"),
        ((*ONE, "--head", f"L1H{'9' * 3000}"), "--head: 'L1H999"),
        ((*ONE, "--head", "L1H0", "--query", "15"), "--query: There is no position 15: the pass"),
        ((*ONE, "--head", "L1H0", "--query", "-1"), "--query: There is no position -1"),
        ((*ONE, "--head", "L1H0", "--query", "x"), "--query"),
        ((*ONE, "--head", "L1H0", "--key", "15"), "--key: Position 14 sees 0 to 14, not 15"),
        ((*ONE, "--head", "L1H0", "--key", "-1"), "--key: Position 14 sees 0 to 14, not -1"),
        (
            (*ONE, "--head", "L1H0", "--query", "3", "--key", "4"),
            "--key: Position 3 sees 0 to 3, not 4: choose a key among those.",
        ),
        ((*ONE, "--head", "L1H0", "--ablation", "resample"), "--corrupted-prompt: Resample"),
        ((*ONE, "--head", "L1H0", "--positions", "99"), "--positions: "),
        ((*ONE, "--head", "L1H0", "--out", "/no/such/folder/x"), "--out: There is no folder"),
        ((*ONE, "--head", "L1H0", "--out", "."), "--out: '.' is a folder: name a file."),
        (SET, "--heads: Neither this nor --role is given: name the heads, or one role."),
        ((*SET, "--heads", "L1H0", "--role", "induction"), "--heads: Both this and --role are"),
        ((*SET, "--heads", " , "), "--heads: No head is named"),
        ((*SET, "--heads", "banana"), "--heads: 'banana' is not a head"),
        ((*SET, "--heads", f"L1H0, {DIGITS}"), "--heads: '999"),
        ((*SET, "--heads", f"L1H0 L1H{DIGITS}"), "--heads: 'L1H999"),
        ((*SET, "--heads", "L1H0 " * 5000), "--heads: The heads have 25,000 characters"),
        ((*SET, "--heads", "L1H0, L9H9"), "--heads: This model has no L9H9: its heads are L0H0"),
        ((*SET, "--role", "banana"), "--role: 'banana' is no role: choose one of induction, dup"),
        ((*SET, "--role", "banana" * 1000), "--role: 'bananabanana"),
        ((*SET, "--role", "duplicate token"), "--role: No head of demo scores 0.4 or more in dup"),
        ((*SET, "--heads", "L1H0", "--predict", "breaks"), "--predict: One of this and --predi"),
        ((*SET, "--heads", "L1H0", "--predicted-prob", "0.1"), "--predict: One of this and --pr"),
        (
            (*SET, "--heads", "L1H0", "--predict", "breaks", "--predicted-prob", "5"),
            "--predicted-prob: The predicted probability for L1H0 is 5.0: give a fraction",
        ),
        (
            (*SET, "--heads", "L1H0", "--predict", "breaks", "--predicted-prob", "nan"),
            "Invalid value for '--predicted-prob': 'nan' is no number: write it as 0.25",
        ),
        ((*SET, "--heads", "L1H0", "--predict", "maybe", "--predicted-prob", "0.5"), "'maybe'"),
        ((*SET, "--heads", "L1H0", "--enough", "0.8"), "--enough: This is used by --greedy only"),
        (
            (*SET, "--heads", "L1H0", "--greedy", "--enough", "8"),
            "--enough: 8.0 of the clean probability: give a fraction above 0, at most 1.",
        ),
        ((*SET, "--heads", "L1H0", "--ablation", "resample"), "--corrupted-prompt: Resample"),
        ((*SET, "--heads", "L1H0", "--out", "/no/such/folder/x"), "--out: There is no folder"),
        (("roles", "--without", "banana"), "--without: 'banana' is not a head: write it as L1H0."),
        (("roles", "--without", DIGITS), "--without: '999"),
        (("roles", "--without", "L9H9"), "--without: demo has no L9H9: its heads are L0H0 to L2H3"),
        (
            ("roles", "--without", "L0H0", "--ablation", "resample"),
            "--ablation: Resample needs a corrupted prompt, and random tokens have none",
        ),
        (("roles", "--reference-file", "x.txt"), "--reference-file: A reference set is used"),
        (
            ("roles", "--without", "L0H0", "--ablation", "zero", "--reference-file", "x.txt"),
            "--reference-file: A reference set is used by --without under mean ablation only",
        ),
        (
            ("roles", "--without", "L0H0", "--reference-file", "/no/such"),
            "--reference-file: There is no file '/no/such'",
        ),
        (("roles", "--out", "."), "--out: '.' is a folder: name a file."),
    ],
    ids=lambda value: None if isinstance(value, tuple) else value[:60],
)
def test_bad_input_is_one_line_and_code_2(inside, arguments, said):
    line = refused(inside(*arguments))
    assert line.startswith("headsweep: ")
    assert said in line
    assert len(line) < 250  # a value of thousands of characters is not said back


@pytest.mark.parametrize(
    ("command", "names"),
    [
        ("head", ("--head", "--query", "--key", "--prompt", "--target", "--corrupted-prompt")),
        ("joint", ("--heads", "--role", "--predict", "--predicted-prob", "--greedy", "--out")),
        ("roles", ("--without", "--ablation", "--reference-file", "--model", "--out")),
    ],
)
def test_help_names_the_options(inside, monkeypatch, command, names):
    monkeypatch.setenv("COLUMNS", "160")
    done = inside(command, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    words = done.stdout.split()
    assert all(name in words for name in names)
    assert "JSON" in done.stdout

"""Greedy search against the same one written with hooks; where it ends, and being stopped."""

import json
import math
from collections import Counter
from dataclasses import replace
from itertools import combinations

import pytest
from support import checkpoints

from core import AblationKind
from core.demo.example import SPEC
from core.errors import InputError
from core.hypotheses import search as searching
from core.hypotheses.joint_effects import joint_effects
from core.hypotheses.keep_only import keep_only, keep_only_spec
from core.hypotheses.search import greedy
from core.hypotheses.search_words import search_words
from core.progress import run_to_end
from core.results.result import Effect
from core.spec.heads import Head, all_heads
from core.sweep.scorer import Scorer, baseline_of
from core.text.numbers import signed

MEAN, ZERO = AblationKind.MEAN, AblationKind.ZERO
EVERY = all_heads(3, 4)


def last_of(search):
    *_, last = search
    return last


def others(heads):
    return [head for head in EVERY if head not in heads]


class Plain:
    """The same search written out with hooks: what is kept is measured by ablating the rest."""

    def __init__(self, hooked, enough):
        self.hooked, self.enough = hooked, enough
        self.clean, self.prob = hooked.value(()), hooked.prob(())
        self.lost = min(0.0, self.change(()))

    def change(self, kept):
        return self.hooked.value(others(kept)) - self.clean

    def worth(self, kept):
        prob = self.hooked.prob(others(kept))
        rank = self.hooked.rank(others(kept))
        return min(self.change(kept), 0.0), min(prob, self.prob), -rank

    def keeps(self, kept):
        return (
            self.hooked.rank(others(kept)) == 1
            and self.hooked.prob(others(kept)) >= self.enough * self.prob * (1 - 1e-5)
            and self.change(kept) >= (1 - self.enough) * self.lost - 1e-5
        )

    def forward(self):
        kept = []
        while not self.keeps(kept):
            best = max(others(kept), key=lambda head: self.worth([*kept, head]))
            if self.worth([*kept, best]) <= self.worth(kept):
                break
            kept.append(best)
        return kept

    def backward(self):
        kept = list(EVERY)
        while True:
            left = [[head for head in kept if head != gone] for gone in kept]
            able = [heads for heads in left if self.keeps(heads)]
            if not able:
                return kept
            kept = max(able, key=self.change)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("family", "prompt", "kind", "target", "foil", "enough", "sizes"),
    [
        ("gpt2", "quick brown", ZERO, "D", " fox", 1.0, (None, 4)),
        ("llama", "The lazy dog jumps over", ZERO, "@", None, 0.7, (6, 8)),
        ("neox-parallel", checkpoints.TEXT, MEAN, "\x17", " dog", 1.0, (None, None)),
        ("gemma2", checkpoints.TEXT, MEAN, "+", None, 1.0, (2, 8)),
    ],
)
def test_both_ways_are_the_same_search_with_hooks(
    loaded, hooked, spec_of, family, prompt, kind, target, foil, enough, sizes
):
    """Targets are what these tiny models find likeliest: of another nothing could be kept."""
    model = loaded(family)
    spec = replace(spec_of(model, kind, target=target, foil=foil), prompt=prompt)
    found = last_of(greedy(Scorer(model, spec), enough=enough))
    assert found.baseline.rank == 1
    assert tuple(len(trail.heads) if trail.found else None for trail in found.trails) == sizes
    plain = Plain(hooked(family, spec), enough)
    assert list(found.forward.heads) == plain.forward()
    assert list(found.backward.heads) == plain.backward()
    for trail in found.trails:
        small = len(trail.heads) < len(EVERY)
        assert trail.found == (small and plain.keeps(list(trail.heads)))
    for trail in found.trails:
        measured = [getattr(step.effect, found.metric) for step in trail.steps]
        changes = [plain.change(step.kept) for step in trail.steps]
        assert measured == pytest.approx(changes, abs=1e-4)
    smallest = min((n for n in sizes if n is not None), default=None)
    assert (len(found.heads) if found.found else None) == smallest


@pytest.fixture(scope="module")
def scorer(demo):
    return Scorer(demo, keep_only_spec(SPEC))


@pytest.fixture(scope="module")
def searches(scorer):
    """Every step of the search on the embedded model."""
    return list(greedy(scorer))


@pytest.fixture
def made_up(monkeypatch, scorer):
    """made_up(value, rank): a search whose sets of heads keep what these say (log odds, rank).

    It returns the list of the sets that are run.
    """
    clean = baseline_of(scorer.model, scorer.baseline)
    odds = math.log(clean.prob / (1 - clean.prob))

    def use(value, rank=lambda kept: 1):
        run = []

        def effect(kept):
            prob = 1 / (1 + math.exp(-odds - value(kept)))
            return Effect(
                prob=prob,
                prob_change=prob - clean.prob,
                logprob_change=math.log(prob / clean.prob),
                logodds_change=value(kept),
                logit_diff_change=None,
                kl=0.0,
                rank=rank(kept),
                top=((" else", 0.5), (" jumps", prob)),
            )

        def joint_effects(scorer, sets):
            yield 0, 0.5
            found = [[head for head in EVERY if head not in ablated] for ablated in sets]
            run.extend(found)
            return tuple(map(effect, found))

        monkeypatch.setattr(searching, "joint_effects", joint_effects)
        return run

    return use


def test_exceeding_the_clean_value_earns_nothing(scorer, made_up):
    """L0H2 would reach it exactly, L1H1 far exceeds it: the first that reaches it is taken."""
    worth = {Head(0, 2): 1.0, Head(1, 1): 9.0}
    made_up(lambda kept: -1.0 + sum(worth.get(head, 0.5) for head in kept))
    found = last_of(greedy(scorer))
    assert found.forward.heads == (Head(0, 2),)
    assert found.forward.ended == searching.REACHED


def test_it_ends_where_no_head_adds_anything(scorer, made_up):
    """And backward, where the two that are needed together are left: forward cannot see them."""
    pair = {Head(1, 1), Head(2, 3)}
    made_up(lambda kept: 0.0 if pair <= set(kept) else -3.0 if Head(0, 0) in kept else -4.0)
    found = last_of(greedy(scorer))
    assert found.forward.heads == (Head(0, 0),)
    assert found.forward.ended == searching.NOTHING_ADDS
    assert set(found.backward.heads) == pair
    assert found.backward.ended == searching.NEEDED
    assert (found.found, found.best) == (True, found.backward)


def test_the_metric_alone_is_no_answer(scorer, made_up):
    """The clean value is reached with any head, but the target is at rank 5: no set is found."""
    made_up(lambda kept: -1.0 + len(kept), lambda kept: 1 if len(kept) == len(EVERY) else 5)
    found = last_of(greedy(scorer))
    assert not found.found
    assert found.forward.ended == searching.NOTHING_ADDS
    assert found.backward.ended == searching.ALL_NEEDED
    told = found.to_dict()
    assert told["found"] is False
    assert told["rank"] == 5
    assert told["reason"].startswith(
        "No set smaller than all heads was found that keeps all of the answer "
        "(forward (adding heads): no head adds anything; "
        "backward (leaving heads out): no head can be left out)."
    )
    assert "the target is at rank 5" in told["reason"]
    likeliest = signed(math.log(0.5) + told["logits"]["log_sum"], 2)
    assert f"{likeliest} for “␣else”, the likeliest other" in told["reason"]


def test_a_target_that_never_was_first_is_not_found_backward(scorer, made_up):
    made_up(lambda kept: len(kept) - 12.0, lambda kept: 3)
    found = last_of(greedy(scorer))
    assert found.backward.ended == searching.NOT_FIRST
    assert not found.found


def test_all_heads_are_no_small_set(scorer, made_up):
    made_up(lambda kept: float(len(kept) - 12))
    found = last_of(greedy(scorer))
    assert not found.found
    assert found.forward.ended == searching.WITH_EVERY
    assert found.backward.ended == searching.ALL_NEEDED
    told = found.to_dict()
    assert len(told["heads"]) == 11  # what keeps most, and less than all
    assert "No set smaller than all heads was found" in told["reason"]
    assert "A smaller share of the answer may be kept by fewer heads." in told["reason"]


def test_a_share_is_said_and_a_set_that_is_too_large_is_called_so(scorer, made_up):
    needed = set(EVERY[3:8])
    made_up(lambda kept: 0.0 if needed <= set(kept) else -4.0)
    few = last_of(greedy(scorer, max_size=2, enough=0.8)).to_dict()["reason"]
    assert few.startswith(
        "No set small enough was found that keeps at least 80 % of the answer (forward "
    )
    (found, *_) = search_words(last_of(greedy(scorer, enough=0.8)))
    assert found == (
        "Found 5 heads of 12 that keep at least 80 % of the answer, backward (leaving heads out): "
        "L0H3, L1H0, L1H1, L1H2, L1H3."
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("prompt", "target", "kind", "enough"),
    [
        (SPEC.prompt, SPEC.target, MEAN, 1.0),
        (" dog house tree water lamp dog house tree water", " lamp", ZERO, 0.8),
    ],
)
def test_no_smaller_set_exists_on_the_embedded_model(demo, prompt, target, kind, enough):
    """Held to all 4,095 sets that leave a head out: here what is found is as small as any."""
    spec = replace(SPEC, prompt=prompt, target=target, ablation=kind)
    scorer = Scorer(demo, spec)
    found = last_of(greedy(scorer, enough=enough))
    smaller = [kept for n in range(len(found.heads)) for kept in combinations(EVERY, n)]
    effects = run_to_end(joint_effects(scorer, [others(kept) for kept in smaller]))
    assert found.found
    assert not any(map(found.keeps, effects))


def test_nothing_is_searched_where_no_head_is_needed(scorer, made_up):
    made_up(lambda kept: 0.0)
    found = last_of(greedy(scorer))
    assert found.found
    assert found.heads == ()
    assert len(found.forward.steps) == 1
    assert found.forward.ended == searching.NONE_NEEDED


def test_with_many_heads_several_are_dropped_at_once(scorer, made_up, monkeypatch):
    """Half of what is kept at most, while more than three are; one at a time runs 78 sets."""
    needed = {Head(1, 1), Head(2, 3)}
    value = lambda kept: 0.0 if needed <= set(kept) else -4.0  # noqa: E731
    run = made_up(value)
    one = last_of(greedy(scorer))
    n_alone = len(run)
    monkeypatch.setattr(searching, "ONE_BY_ONE", 3)
    run.clear()
    found = last_of(greedy(scorer))
    assert set(found.backward.heads) == set(one.backward.heads) == needed
    assert [len(step.changed) for step in found.backward.steps] == [0, 6, 3, 1]
    assert len(run) < n_alone / 2


def test_too_many_heads_are_no_small_set(scorer, made_up):
    """Five are needed together and two allowed; what keeps the answer is told all the same."""
    needed = set(EVERY[3:8])
    made_up(lambda kept: 0.0 if needed <= set(kept) else -4.0)
    found = last_of(greedy(scorer, max_size=2))
    assert not found.found
    assert found.backward.ended == "the answer is kept by 5 heads, and 2 are allowed"
    assert set(found.heads) == needed


@pytest.mark.slow
def test_of_two_sets_the_smaller_is_reported_then_the_one_that_keeps_more(searches):
    found = searches[-1]
    assert found.forward.found
    assert found.backward.found
    assert len(found.forward.heads) == len(found.backward.heads)
    assert found.best is found.backward
    kept = [trail.steps[-1].effect.logodds_change for trail in found.trails]
    assert kept[1] > kept[0] > 0
    shorter = replace(found.forward, steps=found.forward.steps[:-1])
    assert replace(found, forward=shorter).best is shorter


def test_the_embedded_models_search(scorer, searches):
    found = searches[-1]
    assert found.finished
    assert found.found
    assert found.forward.ended == searching.REACHED
    curve = found.curve(found.forward)
    assert curve[0] < 0.1
    assert curve[-2] < 1 <= curve[-1]  # and no head more than that takes
    for trail in found.trails:
        kept = run_to_end(keep_only(scorer, trail.heads))
        assert kept.effect.logodds_change == pytest.approx(
            trail.steps[-1].effect.logodds_change, abs=1e-5
        )
    fractions = [search.fraction for search in searches]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1
    told = found.to_dict()
    assert json.loads(json.dumps(told, allow_nan=False)) == told
    assert told["forward"]["steps"][0]["changed"] == []
    assert told["heads"] == [head.label for head in found.heads]
    assert (told["direction"], told["rank"]) == ("backward", 1)
    assert told["share"] == pytest.approx(found.best.steps[-1].effect.prob / found.baseline.prob)


def test_enough_is_a_share_of_the_clean_probability(scorer, searches):
    whole, half = searches[-1].forward, last_of(greedy(scorer, enough=0.5))
    n = len(half.forward.heads)
    assert half.forward.heads == whole.heads[:n]
    curve = half.curve(half.forward)
    assert curve[-2] < 0.5 <= curve[-1] < 1
    assert half.forward.found
    assert half.backward.found
    assert len(half.backward.heads) <= n


def test_stopped_midway_it_has_what_is_finished(scorer, searches):
    whole = searches[-1]
    search = greedy(scorer)
    inside = Counter()
    for partial in search:
        inside[len(partial.forward.steps)] += 1
        assert partial.forward.steps == whole.forward.steps[: len(partial.forward.steps)]
        assert 0 <= partial.candidates_done <= partial.n_candidates
        assert not partial.finished
        if len(partial.forward.steps) == 3 and partial.candidates_done:
            break
    search.close()
    assert partial.heads == whole.forward.heads[:2]
    assert partial.n_candidates == 10  # of 12 heads two are kept
    assert min(inside[n] for n in (0, 1, 2)) >= 2  # moments to stop at within every step
    json.dumps(partial.to_dict(), allow_nan=False)


def test_stopped_backward_it_has_the_forward_set_and_what_was_dropped(searches):
    parts = [each for each in searches if len(each.backward.steps) == 2]
    assert parts
    assert not parts[0].finished
    assert parts[0].best is parts[0].forward
    assert parts[0].best.found
    assert not parts[0].found  # what is tried on variants must not change under the reader
    (said,) = search_words(parts[0])
    assert said.startswith("So far, backward: L0H0, ")


def test_what_cannot_be_searched(loaded, spec_of):
    model = loaded("gpt2")
    refused = [
        ("max_size", AblationKind.MEAN, {"max_size": 0}),
        ("enough", AblationKind.MEAN, {"enough": 0.0}),
        ("enough", AblationKind.MEAN, {"enough": 1.5}),
        ("enough", AblationKind.MEAN, {"enough": float("nan")}),
        ("ablation", AblationKind.MEAN_ACROSS_HEADS, {}),
    ]
    for field, kind, options in refused:
        with pytest.raises(InputError) as caught:
            next(greedy(Scorer(model, spec_of(model, kind)), **options))
        assert caught.value.field == field

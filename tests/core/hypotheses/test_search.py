"""Greedy search against the same search written with hooks; where it stops, and being stopped."""

import json
from collections import Counter

import pytest

from core import AblationKind
from core.demo.example import SPEC
from core.errors import InputError
from core.hypotheses import search as searching
from core.hypotheses.keep_only import keep_only, keep_only_spec
from core.hypotheses.search import greedy
from core.progress import run_to_end
from core.results.result import Effect
from core.spec.heads import Head, all_heads
from core.sweep.scorer import Scorer

MEAN, ZERO, RESAMPLE = AblationKind.MEAN, AblationKind.ZERO, AblationKind.RESAMPLE
EVERY = all_heads(3, 4)


def last_of(search):
    *_, last = search
    return last


def by_hooks(plain, max_size):
    """Heads in the order found, and the changes with 0, 1, ... of them kept."""
    clean, target = plain.value(()), plain.spec.target
    clean_logprob = plain.logprob(target, ())

    def others(heads):
        return [head for head in EVERY if head not in heads]

    found, changes = [], [plain.value(EVERY) - clean]
    while changes[-1] < 0 and len(found) < max_size:
        if plain.logprob(target, others(found)) >= clean_logprob:
            break
        tried = {head: plain.value(others([*found, head])) - clean for head in others(found)}
        best = max(tried, key=lambda head: min(tried[head], 0.0))
        if min(tried[best], 0.0) <= changes[-1]:
            break
        found.append(best)
        changes.append(tried[best])
    return found, changes


@pytest.mark.parametrize(
    ("family", "kind", "target", "foil", "reason"),
    [
        ("gpt2", ZERO, " jumps", None, searching.REACHED),
        ("gpt2", RESAMPLE, " lazy", None, searching.LARGEST),
        ("llama", ZERO, " jumps", None, searching.REACHED),
        ("phi", MEAN, " jumps", None, searching.REACHED),
        ("neox-serial", MEAN, " quick", None, searching.REACHED),
        ("neox-serial", RESAMPLE, " dog", " fox", searching.PROB_REACHED),
        ("bloom", ZERO, " dog", " fox", searching.PROB_REACHED),
        ("gemma2", RESAMPLE, " over", None, searching.LARGEST),
    ],
)
def test_greedy_is_a_greedy_search_with_hooks(
    loaded, hooked, spec_of, family, kind, target, foil, reason
):
    model = loaded(family)
    spec = spec_of(model, kind, target=target, foil=foil)
    found = last_of(greedy(Scorer(model, spec), max_size=4))
    heads, changes = by_hooks(hooked(family, spec), 4)
    assert heads  # else nothing was compared
    assert list(found.heads) == heads
    measured = [getattr(step.effect, found.metric) for step in found.steps]
    assert measured == pytest.approx(changes, abs=1e-4)
    assert found.reason == reason


@pytest.fixture(scope="module")
def scorer(demo):
    return Scorer(demo, keep_only_spec(SPEC))


@pytest.fixture(scope="module")
def searches(scorer):
    """Every step of the search on the embedded model."""
    return list(greedy(scorer))


@pytest.fixture
def made_up(monkeypatch):
    """made_up(value): a search whose sets of heads keep what `value` says of them (log prob)."""

    def use(value):
        def joint_effects(scorer, sets):
            yield 0, 0.5
            return tuple(
                Effect(
                    prob=0.1,
                    prob_change=0.0,
                    logprob_change=value([head for head in EVERY if head not in ablated]),
                    logodds_change=0.0,
                    logit_diff_change=None,
                    kl=0.0,
                    rank=1,
                    top=(),
                )
                for ablated in sets
            )

        monkeypatch.setattr(searching, "joint_effects", joint_effects)

    return use


def test_exceeding_the_clean_value_earns_nothing(scorer, made_up):
    """L0H2 would reach it exactly, L1H1 far exceeds it: the first that reaches it is taken."""
    worth = {Head(0, 2): 1.0, Head(1, 1): 9.0}
    made_up(lambda kept: -1.0 + sum(worth.get(head, 0.5) for head in kept))
    found = last_of(greedy(scorer))
    assert found.heads == (Head(0, 2),)
    assert found.reason == searching.REACHED


def test_it_ends_where_no_head_adds_anything(scorer, made_up):
    made_up(lambda kept: {0: -4.0, 1: -3.0 - kept[0].layer if kept else 0}.get(len(kept), -3.0))
    found = last_of(greedy(scorer))
    assert found.heads == (Head(0, 0),)  # a second one leaves it at -3
    assert found.reason == searching.NOTHING_ADDS


def test_nothing_is_searched_where_no_head_is_needed(scorer, made_up):
    made_up(lambda kept: 0.0)
    found = last_of(greedy(scorer))
    assert found.heads == ()
    assert len(found.steps) == 1
    assert found.reason == searching.REACHED


def test_the_embedded_models_search(scorer, searches):
    found = searches[-1]
    assert found.finished
    assert found.reason == searching.REACHED
    assert found.curve[0] < 0.1
    assert found.curve[-2] < 1 <= found.curve[-1]  # and no head more than that takes
    kept = run_to_end(keep_only(scorer, found.heads))
    assert kept.effect.logprob_change == pytest.approx(
        found.steps[-1].effect.logprob_change, abs=1e-5
    )
    fractions = [search.fraction for search in searches]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1
    told = found.to_dict()
    assert json.loads(json.dumps(told, allow_nan=False)) == told
    assert told["steps"][0]["head"] is None
    assert told["heads"] == [head.label for head in found.heads]


def test_enough_is_a_share_of_the_clean_probability(scorer, searches):
    whole, half = searches[-1], last_of(greedy(scorer, enough=0.5))
    assert half.heads == whole.heads[: len(half.heads)]
    assert half.curve[-2] < 0.5 <= half.curve[-1] < 1
    assert half.reason == searching.ENOUGH


def test_stopped_midway_it_has_what_is_finished(scorer, searches):
    whole = searches[-1]
    search = greedy(scorer)
    inside = Counter()
    for partial in search:
        inside[len(partial.steps)] += 1
        assert partial.steps == whole.steps[: len(partial.steps)]
        assert 0 <= partial.candidates_done <= partial.n_candidates
        assert not partial.finished
        if len(partial.steps) == 3 and partial.candidates_done:
            break
    search.close()
    assert partial.heads == whole.heads[:2]
    assert partial.n_candidates == 10  # of 12 heads two are kept
    assert min(inside[n] for n in (0, 1, 2)) >= 2  # moments to stop at within every step
    json.dumps(partial.to_dict(), allow_nan=False)


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

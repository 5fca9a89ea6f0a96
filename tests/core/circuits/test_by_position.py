"""Head x position maps: every cell is a hook's, and a sweep's of that one position."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from support.specs import spec_of

from core import AblationKind, InputError, run_sweep
from core.circuits.by_position import PositionEffects, iter_position_effects
from core.engine.oracle import ablated_rows, clean_z, reference_mean, reference_mean_by_position
from core.results.metrics import FIELDS
from core.spec.heads import Head, all_heads
from core.sweep.scorer import Scorer

FAMILIES = ("gpt2", "neox-parallel", "llama", "gemma2", "opt-post-norm")
KINDS = list(AblationKind)
HEADS = (Head(0, 1), Head(1, 3), Head(2, 0))
ANSWERS = [
    (" jumps", None),
    ((" jumps", " over"), " fox"),
    (" jumps", " brown cat"),
    (" lazy dog.", "a"),
]
FIRST = 4  # BOS The quick brown: the corrupted prompt differs from there on
TOLERANCE = 1e-4


def mapped(scorer, heads, positions=None):
    *_, (done, places) = iter_position_effects(scorer, heads, positions)
    assert done == 1
    assert places.complete
    return places


def given(bridge, scorer):
    """What the kinds that are given vectors put in place, from passes of the oracle's own."""
    spec, target = scorer.prepared.spec, scorer.prepared.target
    if spec.ablation is AblationKind.RESAMPLE:
        return clean_z(bridge, scorer.prepared.corrupted_sequence(target)[None])
    if spec.ablation is AblationKind.MEAN:
        read = partial(scorer.model.tokenizer, add_special_tokens=False)
        bos = scorer.model.tokenizer.bos_token_id
        prompts = [[bos, *read(text)["input_ids"]] for text in spec.reference]
        n_pos = len(scorer.start.tokens)
        return reference_mean(bridge, [torch.tensor([ids]) for ids in prompts], n_pos)
    if spec.ablation is AblationKind.MEAN_POSITIONAL:
        forced = target.sequence[:-1]
        prompts = [[*ids, *forced] for ids in scorer.prepared.reference]
        return reference_mean_by_position(bridge, [torch.tensor([ids]) for ids in prompts])
    return None


def answer_logprob(logits, scorer):
    ids = scorer.prepared.target.sequence
    logp = logits[len(scorer.prepared.prompt) - 1 :].double().log_softmax(-1)
    return sum(float(logp[i, token]) for i, token in enumerate(ids))


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("family", FAMILIES)
def test_every_cell_is_a_hook_at_one_position(loaded, oracle, family, kind):
    """Single tokens for some families, a teacher-forced answer for the others."""
    model, bridge = loaded(family), oracle(family)
    target = " lazy dog." if family in ("llama", "gpt2") else " jumps"
    scorer = Scorer(model, spec_of(model, kind, target))
    tokens, values = scorer.start.tokens[None], given(bridge, scorer)
    with torch.inference_mode():
        clean = answer_logprob(bridge(tokens)[0], scorer)
    places = mapped(scorer, HEADS)
    assert places.positions == tuple(range(tokens.shape[1]))
    cells = [(head, (position,)) for head in HEADS for position in places.positions]
    rows = ablated_rows(bridge, tokens, cells, kind, values)
    expected = np.reshape([answer_logprob(row, scorer) for row in rows], (len(HEADS), -1))
    found = places.values("logprob_change")
    assert found == pytest.approx(expected - clean, abs=TOLERANCE)
    assert np.abs(found).max() > 30 * TOLERANCE, "these cells do nothing: the test shows nothing"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("target", "foil"), ANSWERS)
def test_every_metric_of_a_column_is_that_of_a_sweep_at_its_position(loaded, kind, target, foil):
    """One column each: each kind and each answer meets the first, one between and the last."""
    model = loaded("llama")
    heads = all_heads(model.n_layers, model.n_heads)
    scorer = Scorer(model, spec_of(model, kind, target, foil))
    _, empty = next(iter_position_effects(scorer, heads))
    places = mapped(scorer, heads, [empty.positions[column] for column in (0, 5, -1)])
    assert set(places.effects) == set(FIELDS)
    column = (KINDS.index(kind) + ANSWERS.index((target, foil))) % 3
    position = places.positions[column]
    swept = run_sweep(model, spec_of(model, kind, target, foil, positions=(position,)))
    for metric in FIELDS:
        expected = swept.values(metric).ravel()
        found = places.values(metric)[:, column]
        assert np.isnan(found).all() == (foil is None and metric == "logit_diff_change")
        assert found == pytest.approx(expected, abs=2e-5, nan_ok=True)


def test_every_position_is_named_by_what_stands_there_in_either_pass(loaded):
    model = loaded("llama")
    for target, foil, named in (
        (" jumps", None, ()),
        (" jumps", " brown cat", ()),
        (" lazy dog.", " brown fox", (" lazy / brown", " dog")),
        ((" jumps", " over"), " fox", ()),
    ):
        scorer = Scorer(model, spec_of(model, AblationKind.ZERO, target, foil))
        _, places = next(iter_position_effects(scorer, HEADS[:1]))  # named before any cell is known
        prompt = scorer.prepared.prompt.texts
        assert len(places.tokens) == len(places.positions)
        assert places.tokens[: len(prompt)] == prompt
        assert " ".join(places.tokens[len(prompt) :]).startswith(" ".join(named)[:6])


@pytest.mark.slow
def test_the_same_map_without_a_known_wiring(loaded):
    for kind in (AblationKind.MEAN_ACROSS_HEADS, AblationKind.RESAMPLE):
        model = loaded("neox-parallel")
        fast, slow = (
            mapped(Scorer(each, spec_of(model, kind)), HEADS)
            for each in (model, replace(model, stack=None))
        )
        for metric in FIELDS:
            assert fast.values(metric) == pytest.approx(slow.values(metric), abs=5e-5)


def test_the_last_layer_matters_where_the_answer_is_read_and_nowhere_else(loaded):
    model = loaded("gpt2")
    for target, read in ((" jumps", 1), (" lazy dog.", 3)):
        scorer = Scorer(model, spec_of(model, target=target))
        places = mapped(scorer, [Head(2, head) for head in range(4)])
        assert len(places.positions) == len(scorer.prepared.prompt) + read - 1
        changes = np.abs(places.values("kl"))
        assert changes[:, :-read].max() < 1e-6
        assert changes[:, -read:].min() > 1e-5


def test_before_the_corrupted_prompt_differs_nothing_is_run_and_nothing_changes(loaded):
    model = loaded("gpt2")
    scorer = Scorer(model, spec_of(model, AblationKind.RESAMPLE))
    places = mapped(scorer, HEADS)
    for metric in FIELDS:
        assert (places.values(metric)[:, :FIRST] == 0).all()
    assert np.abs(places.values("kl")[:, FIRST]).max() > TOLERANCE
    early = mapped(scorer, HEADS, (2, 0))
    assert early.positions == (0, 2)
    assert (early.values("kl") == 0).all()
    steps = list(iter_position_effects(scorer, HEADS, (0, 2)))
    assert [done for done, _ in steps] == [0.0, 1.0], "no row was needed"


def test_a_longer_foil_adds_no_positions(loaded):
    """It is read in the target's pass, where the two part."""
    model = loaded("gpt2")
    scorer = Scorer(model, spec_of(model, target=" jumps", foil=" lazy dog."))
    places = mapped(scorer, HEADS)
    assert places.positions == tuple(range(len(scorer.prepared.prompt)))
    assert np.abs(places.values("logit_diff_change")[:, -1]).max() > TOLERANCE


def test_the_positions_are_those_that_the_spec_ablates(loaded):
    model = loaded("gpt2")
    everywhere = mapped(Scorer(model, spec_of(model)), HEADS)
    last = len(everywhere.positions) - 1
    for positions, expected in (("last", (last,)), ((3, 1), (1, 3))):
        places = mapped(Scorer(model, spec_of(model, positions=positions)), HEADS)
        assert places.positions == expected
        found = everywhere.values("logit_diff_change")[:, list(expected)]
        assert places.values("logit_diff_change") == pytest.approx(found, abs=1e-5)
    chosen = mapped(Scorer(model, spec_of(model, positions="last")), HEADS, (5,))
    assert chosen.positions == (5,)
    assert chosen.values("kl")[:, 0] == pytest.approx(everywhere.values("kl")[:, 5], abs=1e-5)


def test_cells_come_as_they_finish_and_keep_their_values(loaded, monkeypatch):
    monkeypatch.setattr("core.engine.chunks.CHUNK_FLOPS", {"cpu": 1.0})
    scorer = Scorer(loaded("gpt2"), spec_of(loaded("gpt2")))
    steps = list(iter_position_effects(scorer, HEADS))
    (first, empty), (last, whole) = steps[0], steps[-1]
    assert (first, last) == (0.0, 1.0)
    assert np.isnan(empty.values("kl")).all()
    finished = [int((~np.isnan(p.values("kl"))).sum()) for _, p in steps]
    assert finished == sorted(finished)
    assert len(set(finished)) == 1 + 3 * len(whole.positions), "a cell at a time here"
    assert [p.complete for _, p in steps] == [n == finished[-1] for n in finished]
    for done, places in steps:
        assert 0 <= done <= 1
        known = ~np.isnan(places.values("kl"))
        assert (places.values("kl")[known] == whole.values("kl")[known]).all()


def made():
    effects = {metric: np.full((2, 3), np.nan) for metric in FIELDS}
    effects["kl"][:] = [[0.5, 0.0, 2.0], [1.0, 2.0, np.nan]]
    effects["prob_change"][:] = [[-0.5, 0.25, 0.0], [0.5, 0.0, np.nan]]
    return PositionEffects((Head(1, 0), Head(0, 2)), (4, 6, 9), ("a", "b", "c"), effects, False)


def test_the_strongest_cells_are_those_of_the_largest_size():
    places = made()
    assert places.strongest("kl", 3) == [
        (Head(1, 0), 9, 2.0),
        (Head(0, 2), 6, 2.0),
        (Head(0, 2), 4, 1.0),
    ]
    first, second, third, *_ = places.strongest("prob_change")
    assert first == (Head(1, 0), 4, -0.5)
    assert second == (Head(0, 2), 4, 0.5)
    assert third == (Head(1, 0), 6, 0.25)
    assert len(places.strongest("kl", 10)) == 5, "an unfinished cell has no rank"
    assert places.strongest("logit_diff_change") == []


@pytest.mark.shapes
def test_a_heads_row_and_plain_types():
    places = made()
    assert places.of_head(Head(0, 2))["kl"].tolist()[:2] == [1.0, 2.0]
    found = places.to_dict()
    assert found["heads"] == ["L1H0", "L0H2"]
    assert found["positions"] == [4, 6, 9]
    assert found["complete"] is False
    assert found["effects"]["kl"] == [[0.5, 0.0, 2.0], [1.0, 2.0, None]]
    assert found["effects"]["logit_diff_change"] == [[None] * 3] * 2
    with pytest.raises(ValueError, match="L2H2"):
        places.of_head(Head(2, 2))
    with pytest.raises(ValueError, match="use one of"):
        places.values("rank")


@pytest.mark.parametrize(
    ("heads", "positions", "field", "match"),
    [
        ((Head(3, 0),), None, "head", "L0H0 to L2H3"),
        ((), None, "heads", "at least one"),
        (HEADS, (), "positions", "at least one"),
        (HEADS, (99,), "positions", "no position 99"),
        (HEADS, (-1,), "positions", "no position -1"),
    ],
)
def test_what_is_not_there_is_refused(loaded, heads, positions, field, match):
    scorer = Scorer(loaded("gpt2"), spec_of(loaded("gpt2")))
    with pytest.raises(InputError, match=match) as caught:
        list(iter_position_effects(scorer, heads, positions))
    assert caught.value.field == field


def test_heads_keep_the_order_they_are_named_in(loaded):
    model = loaded("gpt2")
    scorer = Scorer(model, spec_of(model, positions=(3, 9)))
    one = mapped(scorer, (Head(1, 3), Head(0, 1), Head(1, 3)))
    assert one.heads == (Head(1, 3), Head(0, 1))
    other = mapped(scorer, (Head(0, 1), Head(1, 3)))
    assert one.values("kl") == pytest.approx(other.values("kl")[::-1], abs=1e-6)
    assert not np.allclose(one.values("kl")[0], one.values("kl")[1])

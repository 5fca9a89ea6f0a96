"""Activation patching: hooks in both directions, and the resample ablation that it is."""

import json
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch
from support import checkpoints, specs
from support.specs import CORRUPTED

from core import AblationKind, InputError, SweepSpec, run_sweep
from core.circuits.by_position import iter_position_effects
from core.circuits.patching import MIN_GAP, Direction, Patching, iter_patching
from core.engine.oracle import ablated_logits, clean_z
from core.spec.heads import Head, all_heads
from core.sweep.scorer import Scorer

FAMILIES = ("gpt2", "neox-parallel", "llama", "gemma2", "opt-post-norm")
HEADS = (Head(0, 1), Head(1, 3), Head(2, 0))
FIRST = 4  # BOS The quick brown: the prompts differ from there on
TOLERANCE = 1e-4
ANSWERS = [
    (" jumps", None),
    (" jumps", " fox"),
    (" lazy dog.", " brown cat"),
    ((" jumps", " over"), (" fox", " dog")),
    (" jumps", " lazy dog."),
]


def spec_of(model, target=" jumps", foil=" fox", *, swapped=False, **changed):
    prompts = (checkpoints.TEXT, CORRUPTED)
    prompt, corrupted = prompts[::-1] if swapped else prompts
    made = specs.spec_of(model, AblationKind.RESAMPLE, target, foil, **changed)
    return replace(made, prompt=prompt, corrupted_prompt=corrupted)


def patched(model, spec, direction, heads=None, positions=None):
    *_, (done, result) = iter_patching(model, spec, direction, heads, positions)
    assert done == 1
    assert result.complete
    return result


class Hooks:
    """m of the two runs and of patched ones: teacher-forced passes of the oracle's own, each run
    once, whichever answer is read off it.
    """

    def __init__(self, model, bridge, target, foil):
        self.bridge, self.read = bridge, model.tokenizer
        self.answers = [(1, self.ids(target)), (-1, self.ids(foil))]
        self.source_z, self.logp = cache(self.source_z), cache(self.logp)

    def ids(self, text):
        return self.read(text, add_special_tokens=False)["input_ids"]

    def level(self, base, source=None, head=None, positions=None):
        """Logit difference of the prompt `base`; `head` has its z of `source` at `positions`."""
        total = 0.0
        for sign, answer in self.answers:
            logp = self.logp(base, tuple(answer[:-1]), source, head, positions)
            total += sign * sum(float(logp[i, token]) for i, token in enumerate(answer))
        return total

    def source_z(self, text, forced):
        return clean_z(self.bridge, self.tokens(text, forced))

    def logp(self, base, forced, source, head, positions):
        """Log probs (answer position, vocabulary) of one pass."""
        tokens = self.tokens(base, forced)
        if head is None:
            with torch.inference_mode():
                logits = self.bridge(tokens)[0]
        else:
            kind, values = AblationKind.RESAMPLE, self.source_z(source, forced)
            logits = ablated_logits(self.bridge, tokens, head, kind, positions, values)
        return logits[-1 - len(forced) :].double().log_softmax(-1)

    def tokens(self, text, forced=()):
        return torch.tensor([[self.read.bos_token_id, *self.ids(text), *forced]])


@pytest.mark.shapes
@pytest.mark.slow
@pytest.mark.parametrize("answers", [(" jumps", " fox"), (" lazy dog.", " lazy fox.")])
@pytest.mark.parametrize("family", FAMILIES)
def test_both_directions_are_what_hooks_find(loaded, oracle, family, answers):
    """Every head in both directions, over all positions and at two of four: the other two are
    those of the other direction.
    """
    model, clean, corrupted = loaded(family), checkpoints.TEXT, CORRUPTED
    hooks = Hooks(model, oracle(family), *answers)
    base = hooks.level(clean), hooks.level(corrupted)
    last = len(hooks.tokens(clean)[0]) - 1
    columns = (2, FIRST, 9, last)
    for turn, direction in enumerate(Direction):
        denoise = direction is Direction.DENOISE
        onto, source = (corrupted, clean) if denoise else (clean, corrupted)
        whole = patched(model, spec_of(model, *answers), direction, HEADS)
        places = patched(model, spec_of(model, *answers), direction, HEADS, columns)
        assert (whole.clean, whole.corrupted) == pytest.approx(base, abs=TOLERANCE)
        assert whole.metric == "logit_diff"
        assert places.positions == columns
        for row, head in enumerate(HEADS):
            held = [(row + 2 * turn + i) % len(columns) for i in range(2)]
            found = [whole.values[row], *places.values[row, held]]
            wheres = [None, *((columns[i],) for i in held)]
            levels = np.array([hooks.level(onto, source, head, where) for where in wheres])
            change = levels - base[1] if denoise else base[0] - levels
            assert found == pytest.approx(change, abs=2 * TOLERANCE)
        assert np.abs(whole.values).max() > 30 * TOLERANCE


RUNS = ((False, Direction.NOISE, -1), (True, Direction.DENOISE, 1))
CASES = [
    (answer, positions, RUNS[(turn + i) % 2])
    for turn, answer in enumerate(ANSWERS)
    for i, positions in enumerate(("all", "last", (3, 9)))
]
"""Every answer at every position; each of them in both directions."""


@pytest.mark.parametrize(("answer", "positions", "run"), CASES)
def test_noise_is_resample_and_denoise_that_of_the_prompts_exchanged(
    loaded, answer, positions, run
):
    model, (target, foil), (swapped, direction, sign) = loaded("llama"), answer, run
    metric = "logodds_change" if foil is None else "logit_diff_change"
    found = patched(model, spec_of(model, target, foil, positions=positions), direction)
    swept = run_sweep(model, spec_of(model, target, foil, swapped=swapped, positions=positions))
    assert found.heads == tuple(all_heads(3, 4))
    assert (found.values == sign * swept.values(metric).ravel()).all()
    level = found.corrupted if swapped else found.clean
    base = swept.baseline
    odds = base.logprob - np.log1p(-np.exp(base.logprob))
    assert level == pytest.approx(odds if foil is None else base.logit_diff, abs=1e-9)
    assert np.abs(found.values).max() > 30 * TOLERANCE


@pytest.mark.slow
@pytest.mark.parametrize("bos", [None, True, False])
def test_both_runs_take_the_same_bos(loaded, bos):
    model = loaded("neox-serial")
    noise, denoise = (
        patched(model, spec_of(model, prepend_bos=bos), direction, HEADS) for direction in Direction
    )
    assert (noise.clean, noise.corrupted) == (denoise.clean, denoise.corrupted)
    expected = [
        run_sweep(model, spec_of(model, swapped=swapped, prepend_bos=bos)).baseline.logit_diff
        for swapped in (False, True)
    ]
    assert [noise.clean, noise.corrupted] == expected


@pytest.mark.slow
def test_one_prompts_denoising_is_the_others_noising(loaded):
    """Exchange the prompts, and what was restored towards one is broken from the other."""
    model = loaded("gemma2")
    for positions in (None, True):
        denoise = patched(model, spec_of(model), Direction.DENOISE, HEADS, positions)
        noise = patched(model, spec_of(model, swapped=True), Direction.NOISE, HEADS, positions)
        assert denoise.gap == -noise.gap
        assert (denoise.values == -noise.values).all()
        assert denoise.normalised == pytest.approx(noise.normalised)
        assert np.abs(denoise.values).max() > 30 * TOLERANCE


def test_before_the_prompts_differ_a_patch_is_exactly_nothing(loaded):
    model = loaded("gpt2")
    for direction in Direction:
        places = patched(model, spec_of(model), direction, HEADS, positions=True)
        assert places.positions == tuple(range(places.values.shape[1]))
        assert (places.values[:, :FIRST] == 0).all()
        assert np.abs(places.values[:, FIRST:]).max() > 30 * TOLERANCE
        early = patched(model, spec_of(model, positions=(0, FIRST - 1)), direction, HEADS)
        assert (early.values == 0).all()
        assert not np.signbit(early.values).any()


def test_a_map_is_the_resample_map_and_the_spec_says_where(loaded):
    model = loaded("gpt2")
    spec = spec_of(model, positions=(2, 6, 9))
    *_, (_, places) = iter_position_effects(Scorer(model, spec), HEADS)
    found = patched(model, spec, Direction.NOISE, HEADS, positions=True)
    assert found.positions == (2, 6, 9)
    assert (found.values == -places.values("logit_diff_change")).all()
    one = spec_of(model, positions=(6,))
    for direction in Direction:
        column = patched(model, spec, direction, HEADS, positions=(6,)).values[:, 0]
        whole = patched(model, one, direction, HEADS, positions=False).values
        assert column == pytest.approx(whole, abs=1e-5)


def test_the_first_results_have_no_values_and_each_later_one_keeps_them(loaded, monkeypatch):
    monkeypatch.setattr("core.engine.chunks.CHUNK_FLOPS", {"cpu": 1.0})
    model = loaded("gpt2")
    for positions in (None, (5, 9)):
        steps = list(iter_patching(model, spec_of(model), Direction.NOISE, HEADS, positions))
        (first, empty), (last, whole) = steps[0], steps[-1]
        assert (first, last) == (0.0, 1.0)
        assert np.isnan(empty.values).all()
        assert not empty.complete
        counts = [int((~np.isnan(result.values)).sum()) for _, result in steps]
        assert sorted(set(counts)) == list(range(whole.values.size + 1))
        assert counts == sorted(counts)
        for _, result in steps:
            known = ~np.isnan(result.values)
            assert (result.values[known] == whole.values[known]).all()


def made(clean, corrupted):
    values = np.array([[1.0, np.nan], [-0.5, 0.0]])
    heads = (Head(0, 0), Head(1, 1))
    return Patching(Direction.NOISE, "logodds", heads, (3, 4), ("a", "b"), clean, corrupted, values)


@pytest.mark.shapes
def test_shares_of_the_gap_and_none_of_a_small_one():
    assert made(-1.0, -3.0).normalised.tolist()[1] == [-0.25, 0.0]
    assert made(-3.0, -1.0).normalised.tolist()[1] == [0.25, 0.0], "a gap may be negative"
    assert made(0.0, MIN_GAP / 2).normalised is None
    assert made(MIN_GAP / 2, 0.0).normalised is None
    assert made(MIN_GAP, 0.0).normalised is not None


@pytest.mark.parametrize(
    ("clean", "corrupted", "lowers"),
    [
        (-1.0, -3.0, {Direction.DENOISE: False, Direction.NOISE: True}),
        (-3.0, -1.0, {Direction.DENOISE: True, Direction.NOISE: False}),  # shares of a fall
        (0.0, MIN_GAP / 2, {Direction.DENOISE: False, Direction.NOISE: True}),  # nats, no shares
    ],
)
def test_what_is_positive_lowers_the_answer_where_it_breaks_it(clean, corrupted, lowers):
    for direction, expected in lowers.items():
        assert replace(made(clean, corrupted), direction=direction).positive_lowers is expected


def test_plain_types():
    found = json.loads(json.dumps(made(-1.0, -3.0).to_dict(), allow_nan=False))
    assert found == {
        "direction": "noise",
        "metric": "logodds",
        "heads": ["L0H0", "L1H1"],
        "positions": [3, 4],
        "tokens": ["a", "b"],
        "clean": -1.0,
        "corrupted": -3.0,
        "roles_turned": False,
        "values": [[1.0, None], [-0.5, 0.0]],
        "normalised": [[0.5, None], [-0.25, 0.0]],
        "complete": False,
    }
    assert made(0.0, 0.0).to_dict()["normalised"] is None
    assert made(-3.0, -1.0).to_dict()["roles_turned"] is True
    assert made(0.0, MIN_GAP / 2).roles_turned is False, "a gap too small to have a direction"


def test_a_spec_without_a_corrupted_prompt_is_refused(loaded):
    model = loaded("gpt2")
    spec = SweepSpec(model.name, checkpoints.TEXT, " jumps", ablation="zero")
    with pytest.raises(InputError, match="zero ablation has none") as caught:
        next(iter_patching(model, spec, Direction.NOISE))
    assert caught.value.field == "corrupted_prompt"


@pytest.mark.parametrize(
    ("heads", "positions", "field"),
    [((Head(9, 9),), None, "head"), ((), None, "heads"), (HEADS, (), "positions")],
)
def test_what_is_not_there_is_refused(loaded, heads, positions, field):
    model = loaded("gpt2")
    with pytest.raises(InputError) as caught:
        list(iter_patching(model, spec_of(model), Direction.DENOISE, heads, positions))
    assert caught.value.field == field


def test_exchanging_the_names_turns_the_embedded_model_round(demo):
    """Its answer follows the name that is said once, so the two runs prefer opposite names."""
    spec = SweepSpec(
        demo.name,
        "When John and Mary went to the shops, John gave the bag to",
        " Mary",
        " John",
        ablation="resample",
        corrupted_prompt="When Mary and John went to the shops, Mary gave the bag to",
    )
    for direction in Direction:
        found = patched(demo, spec, direction)
        assert found.clean > 2
        assert found.corrupted < -2
        assert found.normalised.max() > 0.5

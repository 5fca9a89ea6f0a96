"""Every sweep equals the plain hook-by-hook oracle, its metrics computed here anew."""

import itertools
import math
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache

import pytest
import torch
from support import checkpoints
from support.specs import NEEDED

from core.engine.oracle import (
    ablated_logits,
    ablated_rows,
    clean_z,
    reference_mean,
    reference_mean_by_position,
)
from core.errors import InputError
from core.progress import run_to_end
from core.prompts.tokens import token_text, tokenize_prompt
from core.results.result import SweepResult
from core.spec.ablation import AblationKind
from core.spec.heads import Head, all_heads
from core.spec.spec import SweepSpec
from core.sweep.scorer import Scorer
from core.sweep.sweep import iter_sweep, predict, run_sweep

FAMILIES = list(checkpoints.FAMILIES)
PROMPT = checkpoints.TEXT
TARGETS = (" jumps", " lazy dog.", (" jumps", " over", " dog"))
FOILS = (None, " fox", " brown cat")
CASES = list(itertools.product(TARGETS, FOILS, (True, False)))
POSITIONS = ("all", "last", (0, 3, 9))
KINDS = list(AblationKind)
WEIGHTS = ("processed", "raw")
REFERENCE = ("The lazy dog jumps.", "fox fox over the dog", "The", "brown quick dog. The lazy fox")
GIVEN = {**NEEDED, AblationKind.MEAN: {"reference": REFERENCE}}
"""What some kinds need beside the prompt."""
TOLERANCE = 1e-4  # nats: what the project promises


def choices(family, kind, weights):
    """(positions, target, foil, BOS) of the sweep that is held to the oracle: rotated, so that few
    sweeps see what `test_every_choice_meets_every_other` says.
    """
    of_family, of_kind, raw = FAMILIES.index(family), KINDS.index(kind), weights == "raw"
    turn = of_family + 2 * of_kind + 9 * raw
    return POSITIONS[(of_family + of_kind + raw) % len(POSITIONS)], *CASES[turn % len(CASES)]


class Oracle:
    """Expected numbers of one spec, from the oracle bridge's logits by plain formulas."""

    def __init__(self, bridge, tokenizer, spec):
        self.bridge, self.tokenizer, self.spec = bridge, tokenizer, spec
        self.prompt = self.ids(spec.prompt)
        if spec.prepend_bos:
            self.prompt = [tokenizer.bos_token_id, *self.prompt]
        last = len(self.prompt) - 1
        self.where = {"all": None, "last": (last,)}.get(spec.positions, spec.positions)
        self.heads = all_heads(len(bridge.blocks), bridge.cfg.n_heads)
        self._passes, self.ids = cache(self._passes), cache(self.ids)

    def ids(self, text):
        return self.tokenizer(text, add_special_tokens=False)["input_ids"]

    def with_bos(self, text):
        ids = self.ids(text)
        return [self.tokenizer.bos_token_id, *ids] if self.spec.prepend_bos else ids

    def _values(self, forced):
        """What the kinds that are given vectors put in place, from passes of the oracle's own."""
        match self.spec.ablation:
            case AblationKind.RESAMPLE:
                ids = [*self.with_bos(self.spec.corrupted_prompt), *forced]
                return clean_z(self.bridge, torch.tensor([ids]))
            case AblationKind.MEAN:
                prompts = [torch.tensor([self.with_bos(text)]) for text in self.spec.reference]
                return reference_mean(self.bridge, prompts, len(self.prompt) + len(forced))
            case AblationKind.MEAN_POSITIONAL:
                texts = [[*self.with_bos(t), *forced] for t in self.spec.reference]
                return reference_mean_by_position(self.bridge, [torch.tensor([t]) for t in texts])
        return None

    def _passes(self, forced):
        """Log probs [answer position, vocab] in double precision, by head (None: nothing ablated);
        these tokens of the answer follow the prompt.
        """
        tokens = torch.tensor([[*self.prompt, *forced]])
        where = self.where and tuple(p for p in self.where if p < tokens.shape[1])
        cells, values = [(head, where) for head in self.heads], self._values(forced)
        ablated = ablated_rows(self.bridge, tokens, cells, self.spec.ablation, values)
        with torch.inference_mode():
            logits = torch.cat([self.bridge(tokens), ablated])
        found = torch.log_softmax(logits[:, len(self.prompt) - 1 :].double(), -1)
        return dict(zip((None, *self.heads), found, strict=True))

    def answers(self, answer):
        """(ids to force, sets of ids to add up at each position)."""
        if isinstance(answer, str):
            ids = tuple(self.ids(answer))
            return ids, [[i] for i in ids]
        members = [self.ids(member)[0] for member in answer]
        return (members[0],), [members]

    def logprob(self, answer, head):
        forced, wanted = self.answers(answer)
        logp = self._passes(forced[:-1])[head]
        return sum(math.log(sum(math.exp(logp[n, i]) for i in ids)) for n, ids in enumerate(wanted))

    def logit_diff(self, head):
        """Whole answers where they are as long as each other, else the tokens where they part."""
        if self.spec.foil is None:
            return None
        (forced, ours), (_, theirs) = map(self.answers, (self.spec.target, self.spec.foil))
        if len(ours) == len(theirs):
            return self.logprob(self.spec.target, head) - self.logprob(self.spec.foil, head)
        at = next(n for n, pair in enumerate(zip(ours, theirs, strict=False)) if pair[0] != pair[1])
        logp = self._passes(forced[:-1])[head][at]
        return float(logp[ours[at]].logsumexp(0) - logp[theirs[at]].logsumexp(0))

    def facts(self, head):
        forced, wanted = self.answers(self.spec.target)
        clean, logp = map(self._passes(forced[:-1]).get, (None, head))
        lp = self.logprob(self.spec.target, head)
        best = max(logp[0, i] for i in wanted[0])
        others = sorted(set(range(logp.shape[1])) - set(wanted[0]))
        answer = math.log(sum(math.exp(logp[0, i]) for i in wanted[0]))
        return {
            "logprob": lp,
            "prob": math.exp(lp),
            "logodds": lp - math.log(-math.expm1(lp)),
            "logit_diff": self.logit_diff(head),
            "margin": answer - float(logp[0, others].max()),
            "kl": float((clean.exp() * (clean - logp)).sum()),
            "entropy": -float((logp[0].exp() * logp[0]).sum()),
            # Where others are level to within rounding, any order among them will do.
            "rank": range(
                1 + int((logp[0] > best + 1e-5).sum()), 2 + int((logp[0] > best - 1e-5).sum())
            ),
            "probs": logp[0].exp(),
        }


@cache
def texts(tokenizer, n_tokens):
    return [token_text(tokenizer, i) for i in range(n_tokens)]


def check_top(top, probs, tokenizer):
    names = dict(zip(texts(tokenizer, len(probs)), probs.tolist(), strict=True))
    assert [p for _, p in top] == pytest.approx(probs.topk(len(top)).values.tolist(), abs=1e-5)
    for text, prob in top:
        assert names[text] == pytest.approx(prob, abs=1e-5)


def check(result, bridge, tokenizer):
    """Hold every number of a finished sweep to the oracle; returns the largest change of log prob
    and the largest distance from the oracle's.
    """
    truth = Oracle(bridge, tokenizer, result.spec)
    base = truth.facts(None)
    found = result.baseline
    assert found.logprob == pytest.approx(base["logprob"], abs=TOLERANCE)
    assert found.prob == pytest.approx(base["prob"], rel=2 * TOLERANCE)
    assert math.prod(found.token_probs) == pytest.approx(base["prob"], rel=2 * TOLERANCE)
    assert found.rank in base["rank"]
    check_top(found.top, base["probs"], tokenizer)
    close(found.logit_diff, base["logit_diff"])
    close(found.margin, base["margin"])
    close(found.entropy, base["entropy"])
    shape = len(bridge.blocks), bridge.cfg.n_heads
    assert result.shape == shape
    assert [e.address for e in result.heads] == list(itertools.product(*map(range, shape)))
    apart = abs(found.logprob - base["logprob"])
    for effect in result.heads:
        now = truth.facts(effect.address)
        apart = max(apart, abs(found.logprob + effect.logprob_change - now["logprob"]))
        close(effect.logprob_change, now["logprob"] - base["logprob"])
        close(effect.logodds_change, now["logodds"] - base["logodds"])
        assert effect.prob == pytest.approx(now["prob"], rel=2 * TOLERANCE)
        assert effect.prob_change == pytest.approx(now["prob"] - base["prob"], abs=TOLERANCE)
        if result.spec.foil is None:
            assert effect.logit_diff_change is None
        else:
            close(effect.logit_diff_change, now["logit_diff"] - base["logit_diff"])
        close(effect.margin_change, now["margin"] - base["margin"])
        close(effect.kl, now["kl"])
        close(effect.entropy_change, now["entropy"] - base["entropy"])
        assert effect.rank in now["rank"]
        check_top(effect.top, now["probs"], tokenizer)
    assert apart < TOLERANCE
    return max(abs(e.logprob_change) for e in result.heads), apart


def close(found, expected):
    if expected is None:
        assert found is None
    else:
        assert found == pytest.approx(expected, abs=2 * TOLERANCE)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("weights", WEIGHTS)
@pytest.mark.parametrize("family", FAMILIES)
def test_the_sweep_equals_the_oracle(loaded, oracle, measured, family, weights, kind):
    """Every number of every head, on each family, for each kind, with either weights."""
    model, bridge = loaded(family, weights), oracle(family, weights)
    assert model.stack is not None, "this family is meant to take the growing pass"
    positions, target, foil, bos = choices(family, kind, weights)
    spec = SweepSpec(
        model=model.name,
        prompt=PROMPT,
        target=target,
        foil=foil,
        ablation=kind,
        positions=positions,
        prepend_bos=bos,
        weights=weights,
        **GIVEN.get(kind, {}),
    )
    largest, apart = check(run_sweep(model, spec), bridge, model.tokenizer)
    measured(family, f"{kind.value}, {weights}", apart)
    assert largest > 30 * TOLERANCE, "these checkpoints' heads do nothing: the test shows nothing"


def test_every_choice_meets_every_other():
    """The sweeps above hold every pair of a family, kind, weights, positions, target, foil and BOS;
    every way to combine the last four; and each family with every pair of target and foil.
    """
    seen = [
        (family, kind, weights, *choices(family, kind, weights))
        for family, kind, weights in itertools.product(FAMILIES, KINDS, WEIGHTS)
    ]
    values = (FAMILIES, KINDS, WEIGHTS, POSITIONS, TARGETS, FOILS, (True, False))
    wanted = [*itertools.combinations(range(7), 2), (3, 4, 5, 6), (0, 4, 5)]
    for places in wanted:
        found = {tuple(each[place] for place in places) for each in seen}
        assert found == set(itertools.product(*(values[place] for place in places)))


@pytest.mark.parametrize("family", FAMILIES)
def test_a_single_token_leads_exactly_where_it_is_first(loaded, family):
    """Its margin is above 0 at rank 1 and nowhere else, in the clean run and the ablated ones."""
    model = loaded(family)
    prompt = tokenize_prompt(model.tokenizer, PROMPT, prepend_bos=True)
    likely = [text for text, _ in predict(model, prompt)]
    single = [
        t for t in likely if len(model.tokenizer(t, add_special_tokens=False)["input_ids"]) == 1
    ]
    seen = set()
    for target in (single[0], single[-1]):
        result = run_sweep(model, SweepSpec(model.name, PROMPT, target, prepend_bos=True))
        clean = result.baseline
        assert (clean.margin > 0) == (clean.rank == 1)
        for effect in result.heads:
            assert (clean.margin + effect.margin_change > 0) == (effect.rank == 1)
        seen |= {each.rank == 1 for each in (clean, *result.heads)}
    if single[0] == likely[0]:  # else the likeliest token's text alone is read as other tokens
        assert seen == {True, False}


@pytest.mark.slow
def test_the_kinds_and_processing_do_differ(loaded):
    """What the matrix above tells apart is there to be told apart."""
    changes = {}
    for weights in WEIGHTS:
        for kind in AblationKind:
            model = loaded("gpt2", weights)
            given = GIVEN.get(kind, {})
            spec = SweepSpec(model.name, PROMPT, " jumps", ablation=kind, weights=weights, **given)
            changes[weights, kind] = run_sweep(model, spec).values("logprob_change")
    for (one, kind), (other, its_kind) in itertools.combinations(changes, 2):
        apart = abs(changes[one, kind] - changes[other, its_kind]).max()
        if kind is its_kind and kind in GIVEN:  # vectors of the model's own making
            assert apart < 1e-5
        else:
            assert apart > 100 * TOLERANCE


def test_query_heads_of_grouped_queries_are_swept_one_by_one(loaded):
    model = loaded("llama")
    assert model.bridge.cfg.n_key_value_heads == 2
    spec = SweepSpec(model.name, PROMPT, " jumps")
    changes = run_sweep(model, spec).values("logprob_change")
    assert changes.shape == (3, 4)
    assert len({round(float(value), 6) for value in changes.flat}) == 12


def test_tokens_and_labels_of_the_result(loaded):
    model = loaded("gpt2")
    spec = SweepSpec(model.name, "The<|endoftext|> fox", " lazy dog.", " jumps", prepend_bos=True)
    result = run_sweep(model, spec)
    assert result.tokens == ("<|endoftext|>", "The", "<|endoftext|>", " fox")
    assert result.special == (True, False, True, False)
    assert result.target_tokens == (" lazy", " dog", ".")
    assert result.foil_tokens == (" jumps",)
    assert len(result.baseline.token_probs) == 3


@pytest.mark.parametrize("family", FAMILIES)
def test_the_models_own_choice_of_bos_is_recorded(loaded, family):
    model = loaded(family)
    result = run_sweep(model, SweepSpec(model.name, PROMPT, " jumps"))
    assert result.spec.prepend_bos is model.default_prepend_bos
    assert (result.tokens[0] == "<|endoftext|>") == model.default_prepend_bos


def test_provenance_says_where_the_numbers_come_from(loaded):
    from importlib.metadata import version

    model = loaded("gpt2")
    made = run_sweep(model, SweepSpec(model.name, PROMPT, " jumps")).provenance
    assert made.headsweep == version("headsweep")
    assert made.transformer_lens == version("transformer_lens")
    assert made.torch == torch.__version__
    assert made.model_fingerprint == model.fingerprint
    assert (made.device, made.dtype) == ("cpu", "float32")
    assert made.seconds > 0


def test_a_real_result_survives_json(loaded):
    import json

    model = loaded("gpt2")
    result = run_sweep(model, SweepSpec(model.name, PROMPT, (" jumps", " fox"), " over"))
    assert SweepResult.from_dict(json.loads(result.to_json())) == result


def test_partial_results_grow_from_the_baseline_to_every_head(loaded, monkeypatch):
    model = loaded("gpt2")
    monkeypatch.setattr("core.engine.chunks.CHUNK_FLOPS", {"cpu": 1})
    spec = SweepSpec(model.name, PROMPT, " jumps", " fox jumps")
    partials = list(dict.fromkeys(iter_sweep(model, spec)))  # each as often as it may be stopped
    assert [len(p.heads) for p in partials] == list(range(13))
    assert [p.complete for p in partials] == [False] * 12 + [True]
    for before, after in itertools.pairwise(partials):
        assert before.baseline == after.baseline
        assert {e.address for e in before.heads} < {e.address for e in after.heads}
    monkeypatch.undo()
    assert_same(partials[-1], run_sweep(model, spec))


def test_prompts_just_as_long_as_the_context_are_swept(loaded):
    model = loaded("gpt2")
    prompt = " fox" * checkpoints.N_CTX
    result = run_sweep(model, SweepSpec(model.name, prompt, " jumps", prepend_bos=False))
    assert len(result.tokens) == checkpoints.N_CTX
    assert result.complete


@pytest.mark.parametrize("text", ["🙂", "שלום", "a\x00b", "<img src=x onerror=alert(1)>", "$x^2$"])
def test_odd_text_is_swept_as_it_is(loaded, oracle, text):
    model = loaded("gpt2")
    spec = SweepSpec(model.name, f"The{text} fox", text, ablation="zero", prepend_bos=True)
    check(run_sweep(model, spec), oracle("gpt2"), model.tokenizer)


@pytest.mark.parametrize(
    ("changes", "field", "said"),
    [
        ({"prompt": " fox" * 65}, "prompt", "66 tokens"),
        ({"prompt": "a" * 50_000}, "prompt", "50,001 tokens"),
        ({"prompt": " fox" * 63, "target": " jumps over"}, "target", "65 positions"),
        ({"foil": " jumps over"}, "foil", "The target ' jumps' begins the foil ' jumps over'"),
        ({"target": " jumps over", "foil": " jumps"}, "foil", "foil ' jumps' begins the target"),
        ({"target": (" fox", " dog"), "foil": " fox dog"}, "foil", "target ' fox' begins the foil"),
        ({"target": (" fox", " dog"), "foil": (" dog", " the")}, "foil", "' dog' is in both"),
        ({"target": (" fox", " dog"), "foil": " dog"}, "foil", "' dog' is in both"),
        ({"target": (" jumps", " lazy dog")}, "target", "2 tokens"),
        ({"foil": (" jumps over", " dog")}, "foil", "2 tokens"),
        ({"target": (" fox", " dog"), "foil": (" dog", " fox")}, "foil", "same tokens"),
        ({"positions": (0, 15)}, "positions", "Position 15"),
        ({"weights": "raw"}, "weights", "'raw'"),
        ({"dtype": "bfloat16"}, "dtype", "'bfloat16'"),
    ],
)
def test_a_spec_that_does_not_fit_the_model_names_the_field(loaded, changes, field, said):
    model = loaded("gpt2")
    values = {"model": model.name, "prompt": PROMPT, "target": " jumps", "prepend_bos": True}
    with pytest.raises(InputError) as caught:
        run_sweep(model, SweepSpec(**{**values, **changes}))
    assert caught.value.field == field
    assert said in str(caught.value)


def test_positions_that_only_the_longer_answer_has(loaded, oracle):
    """The foil is read in the target's pass: a longer one adds no positions."""
    model = loaded("gpt2")
    target, foil = " fox jumps over the", " lazy dog"
    spec = SweepSpec(model.name, PROMPT, target, foil, "zero", positions=(2, 16), prepend_bos=True)
    check(run_sweep(model, spec), oracle("gpt2"), model.tokenizer)
    with pytest.raises(InputError, match="Position 16 is past the end"):
        run_sweep(model, replace(spec, target=" jumps", foil=" fox jumps over"))


PARTING = [
    (" fox jumps", " lazy", 0),
    (" lazy", " fox jumps", 0),
    (" lazy dog over", " lazy fox", 1),
    (" lazy fox", " lazy dog over", 1),
    (" the lazy dog.", " the lazy fox", 2),
    ((" fox", " dog"), " lazy dog", 0),
    (" lazy dog", (" fox", " dog"), 0),
]


@pytest.mark.slow
@pytest.mark.parametrize("family", ["gpt2", "llama", "neox-parallel", "gemma2"])
def test_answers_of_different_lengths_are_compared_where_they_part(loaded, oracle, family):
    """Against hooks on the oracle's model; the target's own numbers stay those of all of it."""
    model = loaded(family)
    cases = PARTING if family == "gpt2" else PARTING[2:3]
    for target, foil, at in cases:
        spec = SweepSpec(model.name, PROMPT, target, foil, "zero", prepend_bos=True)
        result = run_sweep(model, spec)
        assert result.parts_at == at
        assert not result.compares_whole_answers
        check(result, oracle(family), model.tokenizer)


def test_answers_as_long_as_each_other_are_compared_as_wholes(loaded):
    model = loaded("gpt2")
    result = run_sweep(model, SweepSpec(model.name, PROMPT, " lazy dog", " lazy fox", "zero"))
    assert result.parts_at is None
    assert not result.compares_whole_answers


@pytest.mark.slow
def test_bfloat16_is_near_and_says_so(loaded):
    spec = SweepSpec(loaded("gpt2").name, PROMPT, " jumps")
    precise = run_sweep(loaded("gpt2"), spec)
    rough = run_sweep(
        loaded("gpt2", "processed", "bfloat16"),
        replace(spec, dtype="bfloat16"),
    )
    assert rough.provenance.dtype == "bfloat16"
    # bfloat16 keeps 8 bits: logits of about 10 are good to some hundredths.
    assert rough.baseline.logprob == pytest.approx(precise.baseline.logprob, abs=0.2)
    assert rough.baseline.logprob != precise.baseline.logprob


def assert_same(one, other):
    assert one.spec == other.spec
    assert one.baseline.logprob == pytest.approx(other.baseline.logprob, abs=1e-6)
    for a, b in zip(one.heads, other.heads, strict=True):
        assert a.address == b.address
        assert a.logprob_change == pytest.approx(b.logprob_change, abs=1e-5)
        assert a.logit_diff_change == pytest.approx(b.logit_diff_change, abs=1e-5)


@pytest.mark.slow
def test_five_threads_give_the_numbers_of_one_after_the_other(loaded, monkeypatch):
    model = loaded("gpt2")
    specs = [
        SweepSpec(
            model.name, PROMPT, " jumps", " dog", kind, positions=where, **GIVEN.get(kind, {})
        )
        for kind, where in zip(KINDS, itertools.cycle(("all", (5,))))
    ]
    assert len(set(specs)) == 5
    alone = [run_sweep(model, spec) for spec in specs]
    # Many chunks: many chances to interfere.
    monkeypatch.setattr("core.engine.chunks.CHUNK_FLOPS", {"cpu": 1})
    start = threading.Barrier(5)

    def together(spec):
        start.wait()
        return run_sweep(model, spec)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        with ThreadPoolExecutor(5) as pool:
            found = list(pool.map(together, specs))
    finally:
        sys.setswitchinterval(interval)
    for one, other in zip(found, alone, strict=True):
        assert_same(one, other)


def test_a_sweep_stopped_half_way_does_not_disturb_the_next(loaded, monkeypatch):
    model = loaded("gpt2")
    spec = SweepSpec(model.name, PROMPT, " jumps", " fox", "zero")
    whole = run_sweep(model, spec)
    monkeypatch.setattr("core.engine.chunks.CHUNK_FLOPS", {"cpu": 1})
    half = iter_sweep(model, spec)
    partial = next(each for each in half if len(each.heads) == 3)
    assert not partial.complete
    assert_same(run_sweep(model, spec), whole)
    half.close()
    assert_same(run_sweep(model, spec), whole)
    for effect in partial.heads:
        other = whole.effect(effect.address)
        assert effect.logprob_change == pytest.approx(other.logprob_change, abs=1e-5)


def test_predict_gives_the_models_own_next_tokens(loaded, oracle):
    model = loaded("gpt2")
    prompt = tokenize_prompt(model.tokenizer, PROMPT, prepend_bos=True)
    with torch.inference_mode():
        probs = oracle("gpt2")(torch.tensor([prompt.ids]))[0, -1].double().softmax(-1)
    check_top(predict(model, prompt), probs, model.tokenizer)
    too_long = tokenize_prompt(model.tokenizer, " fox" * 65, prepend_bos=False)
    with pytest.raises(InputError, match="65 tokens"):
        predict(model, too_long)


def test_the_oracle_itself_ablates_one_head_and_only_there(oracle):
    """The truth is checked too: by zeroing W_O's rows, on weights that are left raw."""
    bridge = oracle("gpt2", "raw")
    tokens = torch.tensor([[0, 51, 90, 7, 33]])
    ablated = ablated_logits(bridge, tokens, Head(1, 2), AblationKind.ZERO)
    projection = bridge.original_model.transformer.h[1].attn.c_proj
    weight = getattr(projection, "original_component", projection).weight
    kept = weight.detach().clone()
    d_head = bridge.cfg.d_head
    with torch.inference_mode():
        weight[2 * d_head : 3 * d_head] = 0
        expected = bridge(tokens)[0]
        weight.copy_(kept)
        clean = bridge(tokens)[0]
    torch.testing.assert_close(ablated, expected, atol=1e-5, rtol=0)
    assert (ablated - clean).abs().max() > 1e-3
    late = ablated_logits(bridge, tokens, Head(1, 2), AblationKind.ZERO, (3,))
    torch.testing.assert_close(late[:3], clean[:3], atol=1e-6, rtol=0)
    assert (late[3:] - clean[3:]).abs().max() > 1e-3


@pytest.mark.shapes
@pytest.mark.parametrize("weights", WEIGHTS)
@pytest.mark.parametrize("family", FAMILIES)
def test_the_oracles_rows_are_passes_of_their_own(oracle, family, weights):
    """The plain loop: a pass a head, each kind and each choice of positions in turn."""
    bridge, tokens = oracle(family, weights), torch.tensor([[0, 51, 90, 7, 33, 12, 8]])
    values = clean_z(bridge, tokens.flip(1))
    heads = all_heads(len(bridge.blocks), bridge.cfg.n_heads)
    turn = FAMILIES.index(family) + 2 * (weights == "raw")
    kind = KINDS[turn % len(KINDS)]
    cells = [(head, (None, (6,), (0, 3))[n % 3]) for n, head in enumerate(heads)]
    found = ablated_rows(bridge, tokens, cells, kind, values).log_softmax(-1)
    for row, (head, where) in zip(found, cells, strict=True):
        own = ablated_logits(bridge, tokens, head, kind, where, values).log_softmax(-1)
        torch.testing.assert_close(row, own, atol=1e-5, rtol=0)
    assert (found[0] - found[1]).abs().max() > 1e-3


def test_a_spec_for_another_model_is_refused(loaded):
    with pytest.raises(InputError, match="asks for the model 'demo'"):
        run_sweep(loaded("gpt2"), SweepSpec("demo", PROMPT, " jumps"))


@pytest.mark.parametrize("field", ["prompt", "target", "foil", "corrupted_prompt"])
def test_a_token_without_a_vector_is_refused_by_its_field(loaded, field):
    """A tokenizer that was extended after training knows words that the model does not."""
    model = loaded("gpt2")
    smaller = replace(model, d_vocab=max(model.tokenizer(" jumps")["input_ids"]))
    given = {"prompt": "The fox", "target": " fox", "foil": None}
    if field == "corrupted_prompt":
        given |= {"ablation": "resample", "corrupted_prompt": "The jumps"}
    else:
        given[field] = " jumps"
    with pytest.raises(InputError, match="embeddings do not") as caught:
        run_sweep(smaller, SweepSpec(model=model.name, **given))
    assert caught.value.field == field


def test_a_teacher_forced_foils_own_pass_offers_stops_too(loaded, monkeypatch):
    model = loaded("gpt2")
    spec = SweepSpec(model.name, checkpoints.TEXT, " lazy dog", foil=" over the")
    scorer = Scorer(model, spec)
    made = run_to_end(scorer.replacements())
    heads = all_heads(model.n_layers, model.n_heads)
    steps = list(scorer.rows(lambda answer: [(made[answer].edit(head),) for head in heads]))
    moments = [step for step in steps if not step.indices]
    assert len(steps) - len(moments) == 1  # one chunk
    assert len(moments) == 2 * model.n_layers  # each pass stops after each of its blocks
    assert moments[-1].fraction <= 1


def test_replacements_are_measured_once(loaded):
    model = loaded("gpt2")
    spec = SweepSpec(model.name, checkpoints.TEXT, " jumps", ablation="mean")
    scorer = Scorer(model, spec)
    assert run_to_end(scorer.replacements()) is run_to_end(scorer.replacements())

"""What feeds a head, against path patching by hooks alone on TransformerLens."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from support import checkpoints
from support.specs import spec_of

from core import AblationKind
from core.circuits.answer_directions import passes
from core.circuits.composition import composition
from core.circuits.logit_attribution import AnswerDirections
from core.circuits.path_patching import measure_path_patching
from core.circuits.receiver import INPUTS
from core.circuits.residual_stream import read_stream
from core.demo import example
from core.engine.oracle import clean_z, reference_mean, reference_mean_by_position
from core.errors import InputError, UnavailableError
from core.progress import run_to_end
from core.spec.heads import Head, all_heads
from core.sweep.scorer import Scorer

FAMILIES = [f for f in checkpoints.FAMILIES if f != "opt-post-norm"]
QUERY, KEY = 13, 11  # inside every window


def scorer_of(model, kind=AblationKind.ZERO, target=" jumps", foil=" fox", **changes):
    return Scorer(model, spec_of(model, kind, target, foil, **changes))


def replaced_z(scorer, bridge, sender):
    """What the spec's kind puts in place of the sender's z, from hooks on the bridge alone."""
    spec, tokens = scorer.prepared.spec, scorer.start.tokens
    read, bos = partial(scorer.model.tokenizer, add_special_tokens=False), tokens[:1].tolist()

    def ids(text):
        return torch.tensor([[*bos, *read(text)["input_ids"]]])

    match spec.ablation:
        case AblationKind.ZERO:
            whole = torch.zeros_like(clean_z(bridge, tokens[None]))
        case AblationKind.MEAN_ACROSS_HEADS:
            z = clean_z(bridge, tokens[None])
            whole = z.mean(2, keepdim=True).expand_as(z)
        case AblationKind.MEAN:
            whole = reference_mean(bridge, [ids(text) for text in spec.reference], len(tokens))
        case AblationKind.MEAN_POSITIONAL:
            whole = reference_mean_by_position(bridge, [ids(text) for text in spec.reference])
        case AblationKind.RESAMPLE:
            whole = clean_z(bridge, ids(spec.corrupted_prompt))
    return whole[sender.layer, :, sender.head]


class Patching:
    """Two passes with hooks: everything between sender and receiver is put back, then only the
    receiver's q, k or v comes from there.
    """

    def __init__(self, bridge, tokens, receiver):
        self.bridge, self.tokens, self.receiver = bridge, tokens[None], receiver
        n_layers = len(bridge.blocks)
        self.parts = [
            (layer, f"blocks.{layer}.hook_{part}_out")
            for layer in range(n_layers)
            for part in ("attn", "mlp")
        ]
        self.clean = {}
        self.run([(name, self.keep(self.clean)) for _, name in self.parts] + self.taps(self.clean))

    def run(self, hooks):
        with torch.inference_mode():
            self.bridge.run_with_hooks(self.tokens, fwd_hooks=hooks)

    def keep(self, into):
        return lambda x, hook: into.update({hook.name: x.clone()})

    def name(self, what):
        return f"blocks.{self.receiver.layer}.attn.hook_{what}"

    def taps(self, into):
        return [(self.name(w), self.keep(into)) for w in ("q", "k", "v", "pattern", "z")]

    def inputs(self, sender, z):
        """q, k and v where the receiver's layer reads the sender's change directly."""

        def overwrite(x, hook):
            x = x.clone()
            x[0, :, sender.head] = z
            return x

        hooks = [(f"blocks.{sender.layer}.attn.hook_z", overwrite)]
        for layer, name in self.parts:
            after = name.endswith("mlp_out") or layer > sender.layer
            if after and sender.layer <= layer < self.receiver.layer:
                hooks.append((name, lambda x, hook: self.clean[hook.name]))
        found = {}
        self.run([*hooks, *self.taps(found)])
        return found

    def patched(self, way, found):
        """The receiver's pattern and z where one of its inputs is `found`'s."""
        name, whole = self.name(way), self.clean[self.name(way)].shape[2]
        index = self.receiver.head // (len(self.clean[self.name("q")][0, 0]) // whole)

        def overwrite(x, hook):
            x = x.clone()
            x[0, :, index] = found[name][0, :, index]
            return x

        after = {}
        self.run([(name, overwrite), *self.taps(after)[3:]])
        head = self.receiver.head
        return after[self.name("pattern")][0, head], after[self.name("z")][0, :, head]


class Directly:
    """How far a head's z changes what it adds to the answer, read by `AnswerDirections`."""

    def __init__(self, scorer):
        self.model, prepared = scorer.model, scorer.prepared
        self.clean = read_stream(self.model, scorer.start.tokens)
        of = passes(prepared)[0]
        self.reading = AnswerDirections(self.model, prepared, of, self.clean)
        self.before = self.reading.heads(self.clean)

    def added(self, head, z):
        other = self.clean.z.clone()
        other[head.layer, :, head.head] = z + self.model.value_shift[head]
        return (self.reading.heads(replace(self.clean, z=other)) - self.before)[head]


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES)
def test_it_is_path_patching_with_hooks(loaded, oracle, family):
    model, bridge = loaded(family), oracle(family)
    kinds = (AblationKind.ZERO, AblationKind.MEAN_ACROSS_HEADS)
    receivers = (Head(model.n_layers - 1, 1), Head(1, model.n_heads - 1))
    for kind, receiver in zip(kinds, receivers, strict=True):
        scorer = scorer_of(model, kind)
        found = run_to_end(measure_path_patching(scorer, receiver, QUERY, KEY))
        by, directly = Patching(bridge, scorer.start.tokens, receiver), Directly(scorer)
        clean = by.clean[by.name("pattern")][0, receiver.head, QUERY, KEY]
        assert found.weight == pytest.approx(float(clean), abs=1e-4)
        for sender in ((0, 0), (0, 3), (receiver.layer - 1, 2)):
            sender = Head(*sender)
            inputs = by.inputs(sender, replaced_z(scorer, bridge, sender))
            for way, changes in (("q", found.by_query), ("k", found.by_key)):
                pattern, _ = by.patched(way, inputs)
                expected = float(pattern[QUERY, KEY] - clean)
                assert changes[sender] == pytest.approx(expected, abs=1e-4)
            pattern, z = by.patched("v", inputs)
            assert torch.equal(pattern, by.clean[by.name("pattern")][0, receiver.head])
            expected = directly.added(receiver, z)
            assert found.by_value[sender] == pytest.approx(expected, abs=1e-4)
        for changes in (found.by_query, found.by_key, found.by_value):
            assert np.isfinite(changes[: receiver.layer]).all()
            assert np.isnan(changes[receiver.layer :]).all()
            assert np.nanmax(np.abs(changes)) > 1e-3


EPS = {"gpt2": 1e-5, "llama": 1e-6, "neox-parallel": 1e-5, "qwen2": 1e-6}


@pytest.mark.parametrize("kind", [AblationKind.ZERO, AblationKind.MEAN])
@pytest.mark.parametrize("family", EPS)
def test_by_value_is_in_logits_of_target_over_foil(loaded, oracle, family, kind):
    """(z' - z) W_O / the clean scale . (W_U[target] - W_U[foil]), on weights TransformerLens
    has folded.
    """
    model, bridge = loaded(family), oracle(family)
    scorer, receiver, sender = scorer_of(model, kind), Head(2, 1), Head(0, 2)
    by = Patching(bridge, scorer.start.tokens, receiver)
    _, z = by.patched("v", by.inputs(sender, replaced_z(scorer, bridge, sender)))
    change = z[-1] - by.clean[by.name("z")][0, -1, receiver.head]
    final = scorer.start.clean.final[0, -1]
    if family in ("gpt2", "neox-parallel"):  # a LayerNorm centres
        final = final - final.mean()
    scale = (final.square().mean() + EPS[family]).sqrt()
    target, foil = scorer.prepared.target.sequence[0], scorer.prepared.foil.sequence[0]
    with torch.no_grad():
        way = bridge.W_U[:, target] - bridge.W_U[:, foil]
        expected = float(change @ bridge.W_O[receiver.layer, receiver.head] / scale @ way)
    found = run_to_end(measure_path_patching(scorer, receiver))
    assert found.against == "the foil"
    assert found.by_value[sender] == pytest.approx(expected, abs=1e-4)
    assert abs(expected) > 1e-3


@pytest.mark.parametrize("family", ["neox-parallel", "gemma2", "bloom"])
@pytest.mark.parametrize("kind", [AblationKind.MEAN, AblationKind.RESAMPLE])
def test_the_other_kinds_put_their_own_vectors_in_place(loaded, oracle, kind, family):
    model, bridge = loaded(family), oracle(family)
    scorer, receiver, sender = scorer_of(model, kind), Head(2, 3), Head(1, 1)
    found = run_to_end(measure_path_patching(scorer, receiver, QUERY, KEY))
    by = Patching(bridge, scorer.start.tokens, receiver)
    inputs = by.inputs(sender, replaced_z(scorer, bridge, sender))
    clean = by.clean[by.name("pattern")][0, receiver.head]
    for way, changes in (("q", found.by_query), ("k", found.by_key)):
        expected = float((by.patched(way, inputs)[0] - clean)[QUERY, KEY])
        assert changes[sender] == pytest.approx(expected, abs=1e-4)
        assert abs(expected) > 1e-4
    expected = Directly(scorer).added(receiver, by.patched("v", inputs)[1])
    assert found.by_value[sender] == pytest.approx(expected, abs=1e-4)
    assert abs(expected) > 3e-4


@pytest.mark.slow
@pytest.mark.parametrize("family", ["gemma2", "gptj"])
def test_in_bfloat16_it_is_the_same_to_its_precision(loaded, family):
    exact = run_to_end(measure_path_patching(scorer_of(loaded(family)), Head(2, 1), QUERY, KEY))
    model = loaded(family, dtype="bfloat16")
    rough = run_to_end(
        measure_path_patching(scorer_of(model, dtype="bfloat16"), Head(2, 1), QUERY, KEY)
    )
    for way in INPUTS:
        a, b = (getattr(found, f"by_{way}")[:2] for found in (exact, rough))
        np.testing.assert_allclose(b, a, atol=0.1 * np.abs(a).max())


def test_memory_for_one_sender_at_a_time_changes_nothing(loaded):
    scorer = scorer_of(loaded("gemma2"))
    whole = run_to_end(measure_path_patching(scorer, Head(2, 1)))
    shares = []
    work = run_to_end(measure_path_patching(scorer, Head(2, 1), memory_budget=1), shares.append)
    for way in INPUTS:
        a, b = (getattr(found, f"by_{way}") for found in (whole, work))
        np.testing.assert_allclose(a, b, atol=1e-6)
    assert shares[-8:] == pytest.approx([i / 8 for i in range(1, 9)])  # eight earlier heads


def test_replaced_by_itself_a_head_feeds_nothing(loaded):
    """Before the corrupted prompt differs there is nothing to replace."""
    scorer = scorer_of(loaded("gpt2"), AblationKind.RESAMPLE, positions=(0, 1))
    found = run_to_end(measure_path_patching(scorer, Head(2, 0)))
    for changes in (found.by_query, found.by_key, found.by_value):
        np.testing.assert_allclose(changes[:2], 0, atol=1e-6)


def test_each_input_sees_only_the_positions_it_reads(loaded):
    """Q only the query's, K and V none after the positions that look."""
    model = loaded("llama")
    early = run_to_end(
        measure_path_patching(scorer_of(model, positions=(11,)), Head(2, 0), QUERY, KEY)
    )
    np.testing.assert_allclose(early.by_query[:2], 0, atol=1e-6)
    assert np.abs(early.by_key[:2]).min() > 1e-6
    late = run_to_end(
        measure_path_patching(scorer_of(model, positions=(14,)), Head(2, 0), QUERY, KEY)
    )
    np.testing.assert_allclose([late.by_query[:2], late.by_key[:2]], 0, atol=1e-6)
    assert np.abs(late.by_value[:2]).min() > 1e-6  # the answer is read at 14


def test_with_a_single_key_attention_cannot_move(loaded):
    found = run_to_end(measure_path_patching(scorer_of(loaded("bloom")), Head(2, 2), query=0))
    assert found.key == 0
    assert found.weight == 1
    assert not found.by_query[:2].any()
    assert not found.by_key[:2].any()
    assert np.abs(found.by_value[:2]).max() > 1e-3


def test_a_key_outside_the_window_stays_unseen(loaded):
    found = run_to_end(measure_path_patching(scorer_of(loaded("mistral")), Head(2, 2), 14, 4))
    assert found.weight == 0
    assert not found.by_query[:2].any()
    assert not found.by_key[:2].any()


def test_the_default_key_is_the_most_attended_unless_it_is_where_heads_rest(loaded):
    model = loaded("gpt2")
    scorer = scorer_of(model)
    last = len(scorer.start.tokens) - 1
    for head in all_heads(model.n_layers, model.n_heads):
        row = model.pattern(scorer.start.tokens, head)[last]
        found = run_to_end(measure_path_patching(scorer, head))
        elsewhere = 1 + int(row[1:].argmax())
        expected = elsewhere if row[elsewhere] >= 0.1 else int(row.argmax())
        assert (found.query, found.key) == (last, expected)
        assert found.weight == pytest.approx(float(row[expected]), abs=1e-5)


def test_a_several_token_foil_has_a_pass_of_its_own_and_is_left_out(loaded):
    model = loaded("gpt2")
    target = " lazy dog."
    scorers = [scorer_of(model, target=target, foil=foil) for foil in (None, " lazy fox.")]
    alone, long = (run_to_end(measure_path_patching(each, Head(2, 1))) for each in scorers)
    assert alone.against == long.against == "every other token"
    # Alone it is the log odds that are read, beside a foil the log prob: by the slope 1 / (1 - P).
    p = float(np.exp(scorers[0].baseline.logprob[0]))
    np.testing.assert_allclose((1 - p) * alone.by_value, long.by_value, atol=1e-6)


@pytest.mark.shapes
def test_a_first_layer_head_has_nothing_before_it(loaded):
    found = run_to_end(measure_path_patching(scorer_of(loaded("gpt2")), Head(0, 1)))
    assert np.isnan([found.by_query, found.by_key, found.by_value]).all()
    assert all(found.strongest(way) == [] for way in INPUTS)


@pytest.mark.shapes
@pytest.mark.parametrize("family", ["demo", "gpt2"])
def test_plain_json_types(loaded, demo, family):
    import json

    model = demo if family == "demo" else loaded(family)
    found = run_to_end(measure_path_patching(scorer_of(model), Head(1, 2)))
    plain = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert plain["head"] == "L1H2"
    assert plain["by_key"][0] == pytest.approx(list(found.by_key[0]))
    assert plain["by_value"][1] == [None] * 4
    expected = composition(model, Head(1, 2))
    assert plain["composition"]["key"][0] == pytest.approx(list(expected.key[0]))


def test_what_does_not_fit_is_said_in_words(loaded):
    scorer = scorer_of(loaded("gpt2"))
    for arguments, field, words in (
        ((Head(3, 0),), "head", "L0H0 to L2H3"),
        ((Head(1, 0), 15), "query", "0 to 14"),
        ((Head(1, 0), -1), "query", "no position -1"),
        ((Head(1, 0), 5, 6), "key", "Position 5 sees 0 to 5, not 6"),
        ((Head(1, 0), 5, -1), "key", "not -1"),
    ):
        with pytest.raises(InputError, match=words) as caught:
            run_to_end(measure_path_patching(scorer, *arguments))
        assert caught.value.field == field
    with pytest.raises(InputError, match="choose query, key or value"):
        run_to_end(measure_path_patching(scorer, Head(1, 0))).strongest("output")


def test_norms_on_the_stream_are_refused(loaded):
    with pytest.raises(UnavailableError, match="a norm follows"):
        run_to_end(measure_path_patching(scorer_of(loaded("opt-post-norm")), Head(1, 0)))


def test_the_embedded_models_induction_is_fed_by_one_head_through_keys_and_another_through_queries(
    demo,
):
    """Keys that say what came before them (L0H0), queries that say what is here (L0H3): on the
    prompt, and in the weights.
    """
    scorer = Scorer(demo, replace(example.SPEC, ablation=AblationKind.MEAN))
    tokens = scorer.start.tokens.tolist()
    key = tokens.index(tokens[-1]) + 1  # what followed " fox" the first time
    for head in range(4):
        found = run_to_end(measure_path_patching(scorer, Head(1, head)))
        assert found.key == key
        for way, sender in (("key", Head(0, 0)), ("query", Head(0, 3))):
            (strongest, change), *_ = found.strongest(way)
            assert strongest == sender
            assert change < -0.3
        assert abs(found.by_key[0, 3]) < 0.25
        scores = found.composition
        assert scores.key[0].argmax() == 0
        assert scores.query[0].argmax() == 3
        assert scores.key[0, 0] > 2.5 * scores.random

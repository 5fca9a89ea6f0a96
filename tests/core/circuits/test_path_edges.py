"""Both edges and the answer, against plain transformers with hooks written here."""

import numpy as np
import pytest
import torch
from support.plain_attention import Plain
from support.specs import spec_of

from core import AblationKind
from core.circuits.edge import Edge
from core.circuits.path_patching import measure_path_patching
from core.circuits.receiver import INPUTS, sharing
from core.progress import run_to_end
from core.results.leading import leading
from core.spec.heads import Head
from core.sweep.scorer import Scorer

FAMILIES = ("gpt2", "llama", "neox-parallel")
RECEIVER, SENDERS = Head(2, 1), (Head(0, 2), Head(1, 3))
QUERY, KEY = 13, 11


@pytest.fixture(scope="module")
def plain(checkpoint):
    return lambda family: Plain(checkpoint(family), family)


def scorer_of(loaded, family, **changes):
    spec = spec_of(loaded(family, "raw"), AblationKind.ZERO, weights="raw", **changes)
    return Scorer(loaded(family, "raw"), spec)


class ByHooks:
    """Three passes: record the receiver's patched inputs, its z with one of them, the answer."""

    def __init__(self, plain, tokens, edge):
        self.plain, self.tokens, self.edge = plain, tokens, edge
        self.z, self.mlps = {}, {}
        reading = [plain.reading_z(layer, self.z) for layer in range(len(plain.layers))]
        self.clean = plain.logits(tokens, *reading, plain.reading_mlps(self.mlps))

    def inputs(self, sender):
        """q, k and v of the receiver's layer where the sender writes nothing."""
        plain, found = self.plain, {}
        last = RECEIVER.layer
        frozen = [
            plain.editing_z(layer, lambda z, layer=layer: z.copy_(self.z[layer]))
            for layer in range(sender.layer + 1, last)
        ]
        if self.edge is Edge.RESIDUAL:
            frozen.append(plain.freezing_mlps(self.mlps, range(sender.layer, last)))
        plain.logits(
            self.tokens,
            *frozen,
            plain.editing_z(sender.layer, lambda z: z[:, sender.head].zero_()),
            plain.editing_inputs(last, lambda name, x: found.update({name: x.clone()})),
        )
        return found

    def patched_z(self, way, found):
        """The receiver's layer's z where its q, k or v is `found`'s; all that share it read it."""
        size = self.plain.n_heads // found[way].shape[1]

        def edit(name, x):
            if name == way:
                x[:, RECEIVER.head // size] = found[name][:, RECEIVER.head // size]

        z = {}
        self.plain.logits(
            self.tokens,
            self.plain.editing_inputs(RECEIVER.layer, edit),
            self.plain.reading_z(RECEIVER.layer, z),
        )
        return z[RECEIVER.layer]

    def answer(self, heads, z):
        """The last logits where these heads of the receiver's layer have the z `z`."""
        which = [head.head for head in heads]

        def edit(own):
            own[:, which] = z[:, which]

        return self.plain.logits(self.tokens, self.plain.editing_z(RECEIVER.layer, edit))[-1]


@pytest.mark.shapes
@pytest.mark.parametrize("edge", Edge)
@pytest.mark.parametrize("family", FAMILIES)
def test_the_answer_moves_as_with_hooks_on_plain_transformers(loaded, plain, family, edge):
    scorer = scorer_of(loaded, family)
    target, foil = (a.sequence[0] for a in (scorer.prepared.target, scorer.prepared.foil))
    by = ByHooks(plain(family), scorer.start.tokens, edge)
    grouped = sharing(scorer.model, RECEIVER)
    assert len(grouped) == (2 if family == "llama" else 1)
    for whole in {False, len(grouped) > 1}:
        found = run_to_end(
            measure_path_patching(scorer, RECEIVER, edge=edge, answer=True, whole_group=whole)
        )
        assert found.answer.metric == leading(has_foil=True).field
        assert found.answer.heads == (grouped if whole else (RECEIVER,))
        for sender in SENDERS:
            inputs = by.inputs(sender)
            for way in INPUTS:
                heads = grouped if whole and way != "query" else (RECEIVER,)
                logits = by.answer(heads, by.patched_z(way, inputs)) - by.clean[-1]
                expected = float(logits[target] - logits[foil])
                assert found.answer.through(way)[sender] == pytest.approx(expected, abs=1e-4)
                assert abs(expected) > 1e-4


@pytest.mark.parametrize("family", FAMILIES)
def test_the_two_edges_differ_unless_no_mlp_lies_between(loaded, family):
    scorer = scorer_of(loaded, family)
    residual, mlps = (
        run_to_end(measure_path_patching(scorer, RECEIVER, QUERY, KEY, edge=edge)) for edge in Edge
    )
    assert (residual.edge, mlps.edge) == (Edge.RESIDUAL, Edge.MLPS)
    apart = np.abs(residual.by_key - mlps.by_key)
    assert apart[0].max() > 1e-3
    if family == "neox-parallel":  # the MLP of the sender's layer does not read the sender
        np.testing.assert_allclose(apart[1], 0, atol=1e-6)
    else:
        assert apart[1].max() > 1e-3


def test_attention_moves_through_the_mlps_as_with_hooks(loaded, plain):
    scorer = scorer_of(loaded, "gpt2")
    found = run_to_end(measure_path_patching(scorer, RECEIVER, QUERY, KEY, edge=Edge.MLPS))
    by, sender = ByHooks(plain("gpt2"), scorer.start.tokens, Edge.MLPS), SENDERS[0]
    clean, inputs = {}, by.inputs(sender)
    by.plain.logits(
        by.tokens,
        by.plain.editing_inputs(2, lambda name, x: clean.update({name: x[:, 1].clone()})),
    )

    def weight(q, k):
        scores = q[QUERY] @ k[: QUERY + 1].T / q.shape[-1] ** 0.5
        return float(scores.softmax(-1)[KEY])

    own = weight(clean["query"], clean["key"])
    assert found.weight == pytest.approx(own, abs=1e-5)
    by_query = weight(inputs["query"][:, 1], clean["key"]) - own
    by_key = weight(clean["query"], inputs["key"][:, 1]) - own
    assert found.by_query[sender] == pytest.approx(by_query, abs=1e-5)
    assert found.by_key[sender] == pytest.approx(by_key, abs=1e-5)


@pytest.mark.parametrize("edge", Edge)
def test_a_foil_of_several_tokens_is_measured_in_its_own_pass(loaded, plain, edge):
    """Teacher-forced: the sum of its tokens' log probs, each in the patched pass."""
    scorer = scorer_of(loaded, "gpt2", target=" jumps over", foil=" lazy dog")
    prepared = scorer.prepared
    found = run_to_end(measure_path_patching(scorer, RECEIVER, edge=edge, answer=True))
    sender, expected = SENDERS[0], dict.fromkeys(INPUTS, 0.0)
    for answer, sign in ((prepared.target, 1), (prepared.foil, -1)):
        by = ByHooks(plain("gpt2"), prepared.sequence(answer), edge)
        inputs, read = by.inputs(sender), list(prepared.read(answer))
        for way in INPUTS:
            z = by.patched_z(way, inputs)
            after = by.plain.logits(
                by.tokens, by.plain.editing_z(2, lambda own, z=z: own[:, 1].copy_(z[:, 1]))
            )
            ids = torch.tensor(answer.sequence)
            moved = after[read].log_softmax(-1) - by.clean[read].log_softmax(-1)
            expected[way] += sign * float(moved.gather(-1, ids[:, None]).sum())
    for way in INPUTS:
        assert found.answer.through(way)[sender] == pytest.approx(expected[way], abs=1e-4)


def test_nothing_before_the_ablated_positions_moves_the_answer(loaded):
    """The rows of a sweep at the last position are run from there on only, with the same result."""
    model = loaded("gpt2", "raw")
    last = Scorer(model, spec_of(model, weights="raw", positions="last"))
    named = Scorer(model, spec_of(model, weights="raw", positions=(14,)))
    found, same = (
        run_to_end(measure_path_patching(scorer, RECEIVER, answer=True)) for scorer in (last, named)
    )
    for way in INPUTS:
        np.testing.assert_allclose(found.answer.through(way), same.answer.through(way), atol=1e-6)
    assert np.abs(found.answer.by_query[:2]).max() > 1e-4

"""Attention knock-out, against an additive mask in the eager attention of plain transformers."""

import pytest
import torch
from support.plain_attention import Plain
from support.specs import spec_of

from core import AblationKind
from core.circuits.attention import head_attention
from core.circuits.knock_out import measure_knock_out
from core.errors import InputError
from core.progress import run_to_end
from core.spec.heads import Head
from core.sweep.scorer import Scorer

FAMILIES = ("gpt2", "llama", "neox-parallel", "gemma2")
QUERY = 14
SETS = (
    ((Head(1, 0),), (4,)),
    ((Head(0, 1), Head(1, 3), Head(2, 2)), (11, 12, 13)),
    (tuple(Head(layer, head) for layer in (1, 2) for head in range(4)), (12,)),
)


@pytest.fixture(scope="module")
def plain(checkpoint):
    return lambda family: Plain(checkpoint(family), family)


def masked(plain, tokens, heads, query, keys):
    """Logits where a mask of each head's own is added to its layer's scores."""

    def hook(layer):
        which = [head.head for head in heads if head.layer == layer]

        def add(module, args, kwargs):
            n_pos = len(tokens)
            mask = kwargs.get("attention_mask")
            if mask is None:
                mask = torch.full((n_pos, n_pos), -torch.inf).triu(1)[None, None]
            mask = mask.expand(1, plain.n_heads, n_pos, n_pos).clone()
            for head in which:
                mask[0, head, query, list(keys)] = -torch.inf
            return args, {**kwargs, "attention_mask": mask}

        return plain.layers[layer].register_forward_pre_hook(add, with_kwargs=True)

    handles = [hook(layer) for layer in {head.layer for head in heads}]
    try:
        return plain.logits(tokens)
    finally:
        for handle in handles:
            handle.remove()


@pytest.mark.shapes
@pytest.mark.parametrize("family", FAMILIES)
def test_it_is_a_mask_on_the_scores_of_plain_transformers(loaded, plain, family):
    scorer = Scorer(loaded(family), spec_of(loaded(family)))
    target, foil = (a.sequence[0] for a in (scorer.prepared.target, scorer.prepared.foil))
    own = plain(family)
    before = own.logits(scorer.start.tokens)[-1].log_softmax(-1)
    sizes: list[float] = []
    for heads, keys in SETS:
        found = run_to_end(measure_knock_out(scorer, heads, QUERY, keys))
        after = masked(own, scorer.start.tokens, heads, QUERY, keys)[-1].log_softmax(-1)
        moved = after - before
        assert found.effect.logprob_change == pytest.approx(float(moved[target]), abs=1e-4)
        assert found.effect.logit_diff_change == pytest.approx(
            float(moved[target] - moved[foil]), abs=1e-4
        )
        sizes.append(float(moved.abs().max()))
        for head, weight in zip(found.heads, found.weights, strict=True):
            row = head_attention(scorer.start, head).weights[QUERY]
            assert weight == pytest.approx(float(row[list(keys)].sum()), abs=1e-5)
    assert min(sizes[1:]) > 1e-2


def test_a_query_in_the_middle_moves_what_later_positions_read(loaded, plain):
    scorer = Scorer(loaded("gpt2"), spec_of(loaded("gpt2"), foil=None))
    heads, own = (Head(0, 0), Head(0, 2)), plain("gpt2")
    found = run_to_end(measure_knock_out(scorer, heads, 11, range(2, 7)))
    moved = (
        masked(own, scorer.start.tokens, heads, 11, range(2, 7))[-1].log_softmax(-1)
        - own.logits(scorer.start.tokens)[-1].log_softmax(-1)
    )[scorer.prepared.target.sequence[0]]
    assert found.effect.logprob_change == pytest.approx(float(moved), abs=1e-4)
    assert found.keys == (2, 3, 4, 5, 6)
    assert found.metric == scorer.metric


def test_a_foil_of_several_tokens_loses_the_same_edges_in_its_own_pass(loaded, plain):
    model = loaded("gpt2")
    scorer = Scorer(model, spec_of(model, target=" jumps over", foil=" lazy dog"))
    heads, keys, own = (Head(1, 1),), (3, 4), plain("gpt2")
    expected = 0.0
    for answer, sign in ((scorer.prepared.target, 1), (scorer.prepared.foil, -1)):
        tokens, read = scorer.prepared.sequence(answer), list(scorer.prepared.read(answer))
        moved = masked(own, tokens, heads, QUERY, keys).log_softmax(-1)
        moved = (moved - own.logits(tokens).log_softmax(-1))[read]
        expected += sign * float(moved.gather(-1, torch.tensor(answer.sequence)[:, None]).sum())
    found = run_to_end(measure_knock_out(scorer, heads, QUERY, keys))
    assert found.effect.logit_diff_change == pytest.approx(expected, abs=1e-4)


def test_a_key_that_gets_nothing_costs_nothing(loaded):
    model = loaded("mistral")  # it sees five positions
    scorer = Scorer(model, spec_of(model))
    found = run_to_end(measure_knock_out(scorer, [Head(1, 1)], QUERY, [4]))
    assert found.weights == (0.0,)
    assert found.effect.logprob_change == pytest.approx(0, abs=1e-6)


def test_without_the_key_it_looks_at_an_induction_head_is_lost(demo):
    from core.demo import example

    scorer = Scorer(demo, example.SPEC)
    every_head = [Head(1, head) for head in range(4)]
    found = run_to_end(measure_knock_out(scorer, every_head, 14, [5]))
    other = run_to_end(measure_knock_out(scorer, every_head, 14, [9]))
    assert min(found.weights) > 0.5
    assert found.effect.prob < 0.2 * found.baseline.prob
    assert other.effect.prob > 0.9 * other.baseline.prob


@pytest.mark.parametrize(
    ("family", "arguments", "field", "said"),
    [
        ("gpt2", ([Head(1, 0)], 15, [1]), "query", "There is no position 15: the pass has 0 to 14"),
        ("gpt2", ([Head(1, 0)], 5, [6]), "keys", "Position 5 sees 0 to 5, not 6"),
        ("gpt2", ([Head(1, 0)], 5, [-1, 2]), "keys", "not -1"),
        ("gpt2", ([Head(1, 0)], 5, []), "keys", "No key is named"),
        ("gpt2", ([], 5, [1]), "heads", "No head is named"),
        ("gpt2", ([Head(3, 0)], 5, [1]), "head", "L0H0 to L2H3"),
        ("gpt2", ([Head(1, 0)], 2, [0, 1, 2]), "keys", "sees 0 to 2, and every one of these"),
        ("mistral", ([Head(1, 0)], 14, range(9, 15)), "keys", "In L1H0 position 14 sees 10 to 14"),
    ],
)
def test_what_cannot_be_knocked_out_is_said(loaded, family, arguments, field, said):
    scorer = Scorer(loaded(family), spec_of(loaded(family), AblationKind.ZERO))
    with pytest.raises(InputError, match=said) as caught:
        run_to_end(measure_knock_out(scorer, *arguments))
    assert caught.value.field == field

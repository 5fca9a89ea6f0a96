"""A set on prompts that it was not found on: each is a run of its own."""

import json
from dataclasses import replace

import pytest

from core.demo.example import SPEC
from core.errors import InputError
from core.hypotheses.held_out import held_out
from core.hypotheses.keep_only import keep_only_spec
from core.hypotheses.variants import variants
from core.progress import run_to_end
from core.spec.heads import Head, all_heads
from core.spec.reference_set import DEFAULT
from core.sweep.sweep import run_sweep

MEAN = keep_only_spec(SPEC)
HEADS = (Head(0, 0), *(Head(1, head) for head in range(4)))


@pytest.mark.slow
def test_every_variant_is_kept_alone(demo, hooked):
    chosen = variants(demo, MEAN, count=3)
    shares = []
    found = run_to_end(held_out(demo, MEAN, HEADS, chosen), shares.append)
    assert tuple(each.spec for each in found) == chosen
    every = all_heads(demo.n_layers, demo.n_heads)
    others = [head for head in every if head not in HEADS]
    for each in found:
        plain = hooked("demo", replace(each.spec, reference=DEFAULT))
        assert each.kept.baseline.prob == pytest.approx(plain.prob(()), abs=1e-4)
        for effect, ablated in ((each.kept.effect, others), (each.kept.empty, every)):
            assert effect.logodds_change == pytest.approx(plain.change(ablated), abs=1e-4)
        told = each.to_dict()
        clean = run_sweep(demo, each.spec).baseline.prob
        assert told["clean_prob"] == pytest.approx(clean, rel=1e-5)
        assert told["kept_prob"] == each.kept.effect.prob
        assert told["target"] == each.spec.target
        json.dumps(told, allow_nan=False)
    assert len({each.kept.baseline.prob for each in found}) == 3
    assert shares == sorted(shares)
    assert shares[-1] == 1


def test_none_are_none(demo):
    assert run_to_end(held_out(demo, MEAN, HEADS, ())) == ()


def test_what_is_no_variant(demo):
    other = replace(MEAN, prompt=" dog house tree water dog house tree", target=" water")
    with pytest.raises(InputError, match="Variant 2 is the prompt that") as caught:
        run_to_end(held_out(demo, MEAN, HEADS, [other, MEAN]))
    assert caught.value.field == "variants"
    zero = replace(other, ablation="zero", reference=None)
    with pytest.raises(InputError, match="Variant 1 has zero ablation") as caught:
        run_to_end(held_out(demo, MEAN, HEADS, [zero]))
    assert caught.value.field == "variants"

"""DirectEffect: total is the sweep's, direct is path patching's, and the later parts add up."""

import copy
from functools import cache

import numpy as np
import pytest
import torch
from support import checkpoints
from support.specs import CORRUPTED, spec_of

from core import AblationKind, SweepSpec, load_model, run_sweep
from core.circuits.answer_directions import passes
from core.circuits.direct_effect import DirectEffect, direct_effect, measure_direct_effect
from core.circuits.logit_attribution import AnswerDirections, logit_attribution
from core.circuits.mechanism import Mechanism
from core.circuits.mechanism_words import mechanism_words, route_words
from core.circuits.residual_stream import read_stream
from core.engine.oracle import clean_z
from core.errors import UnavailableError
from core.progress import run_to_end
from core.spec.heads import Head
from core.sweep.scorer import Scorer

FAMILIES = [f for f in checkpoints.FAMILIES if f != "opt-post-norm"]
HEADS = (Head(0, 1), Head(1, 3), Head(1, 0))
KINDS = list(AblationKind)
ANSWERS = (
    (" jumps", None),
    (" jumps", " fox"),
    (" jumps over", " lazy dog"),
    (" jumps over", None),
    ((" jumps", " dog"), " fox"),
)
SUMMED = ("gpt2", "gemma2", "neox-parallel")
CASES = [
    (kind, *answers, SUMMED[(turn + i) % len(SUMMED)])
    for turn, kind in enumerate(KINDS)
    for i, answers in enumerate(ANSWERS)
]
"""Every kind with every answer, and both with every family."""


@pytest.fixture(scope="module")
def traced(loaded):
    """traced(family): where its heads' zero ablation goes, as `Scorer` and by head."""

    @cache
    def measure(family):
        model = loaded(family)
        scorer = Scorer(model, spec_of(model))
        return scorer, {head: direct_effect(scorer, head) for head in HEADS}

    return measure


def path_patched(bridge, tokens, head, replaced):
    """Logits of a pass in which `head` is replaced and everything after it put back: hooks only.

    Its own layer's MLP too, which comes after it.
    """
    kept = {}
    n_layers = len(bridge.blocks)
    later = [f"blocks.{layer}.hook_attn_out" for layer in range(head.layer + 1, n_layers)]
    later += [f"blocks.{layer}.hook_mlp_out" for layer in range(head.layer, n_layers)]

    def keep(x, hook):
        kept[hook.name] = x.clone()

    def put_back(x, hook):
        return kept[hook.name]

    def overwrite(z, hook):
        z = z.clone()
        z[0, :, head.head] = replaced
        return z

    with torch.inference_mode():
        bridge.run_with_hooks(tokens, fwd_hooks=[(name, keep) for name in later])
        return bridge.run_with_hooks(
            tokens,
            fwd_hooks=[
                (f"blocks.{head.layer}.attn.hook_z", overwrite),
                *((name, put_back) for name in later),
            ],
        )[0, -1]


@pytest.mark.parametrize("family", FAMILIES)
def test_direct_is_what_path_patching_finds(traced, oracle, family):
    bridge, (scorer, found) = oracle(family), traced(family)
    target, foil = scorer.prepared.target.sequence[0], scorer.prepared.foil.sequence[0]
    tokens = scorer.start.tokens[None]
    with torch.inference_mode():
        clean = bridge(tokens)[0, -1]
    for head in HEADS:
        logits = path_patched(bridge, tokens, head, torch.zeros(scorer.model.d_head))
        expected = (logits[target] - logits[foil]) - (clean[target] - clean[foil])
        assert found[head].direct == pytest.approx(float(expected), abs=1e-4)


@pytest.mark.parametrize(("kind", "target", "foil", "family"), CASES)
def test_total_is_the_sweeps_and_the_rest_adds_up(loaded, kind, target, foil, family):
    model = loaded(family)
    spec = spec_of(model, kind, target, foil)
    scorer, swept = Scorer(model, spec), run_sweep(model, spec)
    for head in HEADS:
        found = direct_effect(scorer, head)
        effect = swept.effect(head)
        assert found.total == pytest.approx(getattr(effect, found.metric), abs=2e-5)
        assert found.metric == scorer.metric
        assert found.downstream + found.direct == pytest.approx(found.total)
        assert found.direct_frozen_norm + found.norm_part == pytest.approx(found.direct)
        assert found.direct_frozen_norm + sum(found.parts.values()) == pytest.approx(found.total)
        assert found.prob == pytest.approx(swept.baseline.prob, abs=1e-6)
        assert found.prob_after == pytest.approx(effect.prob, abs=1e-6)


@pytest.mark.parametrize("family", [f for f in FAMILIES if f != "gemma2"])
def test_under_a_held_norm_the_route_is_direct_attribution(traced, family):
    """Gemma 2 caps its logits, so there it is the same before the cap only."""
    scorer, found = traced(family)
    own = logit_attribution(scorer.model, scorer.prepared).heads
    for head in HEADS:  # zero ablation loses all that the head wrote
        assert found[head].direct_frozen_norm == pytest.approx(-own[head], abs=2e-5)


@pytest.mark.parametrize("family", ["gpt2", "llama", "neox-parallel", "demo"])
@pytest.mark.parametrize("foil", [None, " fox"])
def test_the_parts_of_what_comes_to_it_are_those_of_a_pass_with_hooks(loaded, oracle, family, foil):
    """The stream before the final norm from a hooked pass; the norm is held by hand."""
    model, bridge = loaded(family), oracle(family)
    scorer = Scorer(model, spec_of(model, foil=foil))
    tokens, target = scorer.start.tokens[None], scorer.prepared.target.sequence[0]
    last = model.n_layers - 1

    def stream(hooks):
        kept = {}
        final = (f"blocks.{last}.hook_resid_post", lambda x, hook: kept.update(final=x[0, -1]))
        with torch.inference_mode():
            logits = bridge.run_with_hooks(tokens, fwd_hooks=[*hooks, final])
        return kept["final"].clone(), logits[0, -1].double()

    def metric(logits):
        if foil is not None:
            return float((logits[target] - logits[scorer.prepared.foil.sequence[0]]).detach())
        others = logits.clone()
        others[target] = -torch.inf
        return float((logits[target] - others.logsumexp(0)).detach())

    def held(final, at):
        """Logits of a stream whose final norm keeps the scale it has for `at`."""
        logits = bridge.unembed(bridge.ln_final(final[None, None]))[0, 0].double()
        bias = bridge.unembed(bridge.ln_final(torch.zeros_like(final)[None, None]))[0, 0].double()
        sizes = [
            (x - x.mean() if family != "llama" else x).square().mean().add(norm_eps).sqrt()
            for x in (final, at)
        ]
        return (logits - bias) * (sizes[0] / sizes[1]).double() + bias

    norm = model.stack.ending.norm
    norm_eps = norm.variance_epsilon if family == "llama" else norm.eps
    clean, before = stream([])
    for head in HEADS:

        def overwrite(z, hook, head=head):
            z = z.clone()
            z[0, :, head.head] = 0
            return z

        after, ablated = stream([(f"blocks.{head.layer}.attn.hook_z", overwrite)])
        found = direct_effect(scorer, head)
        assert found.total == pytest.approx(metric(ablated) - metric(before), abs=1e-4)
        whole = metric(ablated) - metric(held(after, clean))
        assert found.final_norm == pytest.approx(whole, abs=1e-4)
        if foil is not None:  # a difference of two logits is linear in the stream
            assert found.parts["left"] == pytest.approx(0, abs=1e-4)


@pytest.fixture(scope="module")
def uncapped(tmp_path_factory):
    """A Gemma 2 that does not cap its logits: heads and answer have linear parts to compare."""
    config = copy.deepcopy(checkpoints.FAMILIES["gemma2"])
    config.final_logit_softcapping = None
    folder = tmp_path_factory.mktemp("uncapped") / "gemma2"
    checkpoints.save(config, folder)
    return load_model(str(folder), device="cpu")


@pytest.mark.slow
@pytest.mark.parametrize("kind", [AblationKind.ZERO, AblationKind.MEAN])
def test_a_norm_after_attention_is_held_too(uncapped, kind):
    """By attribution, and from the modules: a held norm takes the change, and no more, linearly."""
    model, worst = uncapped, 0.0
    scorer = Scorer(model, spec_of(model, kind))
    replacement = run_to_end(scorer.replacements())[scorer.prepared.target]
    body = model.bridge.original_model.model
    clean = read_stream(model, scorer.start.tokens)
    (only,) = passes(scorer.prepared)
    reading = AnswerDirections(model, scorer.prepared, only, clean)
    target, foil = scorer.prepared.target.sequence[0], scorer.prepared.foil.sequence[0]
    w_u = model.bridge.original_model.lm_head.weight
    attributed = logit_attribution(model, scorer.prepared).heads
    for head in (Head(0, 0), Head(0, 3), Head(1, 1), Head(1, 2), Head(2, 0), Head(2, 3)):
        found = direct_effect(scorer, head)
        ablated = read_stream(model, scorer.start.tokens, (replacement.edit(head),))
        own = reading.heads(ablated)[head] - reading.heads(clean)[head]
        assert found.direct_frozen_norm == pytest.approx(own, abs=1e-4)
        if kind is AblationKind.ZERO:
            assert found.direct_frozen_norm == pytest.approx(-attributed[head], abs=1e-4)
        attention = body.layers[head.layer].self_attn.o_proj.weight
        after = body.layers[head.layer].post_attention_layernorm
        before, change = clean.z[head.layer, -1], torch.zeros(model.n_heads, model.d_head)
        change[head.head] = ablated.z[head.layer, -1, head.head] - before[head.head]
        with torch.no_grad():
            whole = attention @ before.flatten()
            scale = (whole.square().mean() + after.eps).rsqrt()
            lost = attention @ change.flatten() * scale * (1 + after.weight)
            final = clean.final[-1]
            scale = (final.square().mean() + body.norm.eps).rsqrt()
            expected = lost * scale * (1 + body.norm.weight) @ (w_u[target] - w_u[foil])
        assert found.direct_frozen_norm == pytest.approx(float(expected), abs=1e-4)
        worst = max(worst, abs(found.norm_part))
    assert worst > 1e-2  # computed again, the norms do say something else


@pytest.mark.parametrize("family", ["gptj", "neox-parallel", "phi", "neox-serial", "gpt2"])
def test_the_mlp_beside_a_head_in_a_parallel_block_is_none_of_the_later_parts(traced, family):
    """It reads the stream before attention, so nothing of the head can reach it."""
    scorer, found = traced(family)
    model, tokens = scorer.model, scorer.start.tokens
    beside = 1 if family in ("gptj", "neox-parallel", "phi") else 0
    replacement = run_to_end(scorer.replacements())[scorer.prepared.target]
    clean = read_stream(model, tokens)
    last = Head(model.n_layers - 1, 0)
    for head, effect in {**found, last: direct_effect(scorer, last)}.items():
        mlps = effect.later_mlps
        n_before = head.layer + beside
        assert np.isnan(mlps[:n_before]).all()
        assert np.abs(mlps[n_before:]).min(initial=1) > 1e-5
        ablated = read_stream(model, tokens, (replacement.edit(head),))
        same = torch.equal(clean.mlp[head.layer], ablated.mlp[head.layer])
        assert same == bool(beside)


@pytest.mark.shapes
@pytest.mark.parametrize("family", [f for f in FAMILIES if f != "gemma2"])
def test_what_later_parts_change_is_all_that_the_stream_changes(loaded, family):
    """Through held norms: the head's own loss, later heads and MLPs, and nothing else.

    Gemma 2's heads share the scale of a norm after the projection, so there it is first order only.
    """
    model = loaded(family)
    scorer = Scorer(model, spec_of(model, AblationKind.MEAN_ACROSS_HEADS))
    head = Head(0, 1)
    edit = run_to_end(scorer.replacements())[scorer.prepared.target].edit(head)
    clean, ablated = (read_stream(model, scorer.start.tokens, rows) for rows in ((), (edit,)))
    (only,) = passes(scorer.prepared)
    reading = AnswerDirections(model, scorer.prepared, only, clean)
    whole = reading.along(ablated.final[reading.read]) - reading.along(clean.final[reading.read])
    found = direct_effect(scorer, head)
    own = reading.heads(ablated)[head] - reading.heads(clean)[head]
    assert own + np.nansum(found.later_heads) + np.nansum(found.later_mlps) == pytest.approx(
        whole, abs=1e-4
    )


def test_nothing_before_the_head_changes_and_something_after_it_does(traced):
    scorer, effects = traced("gpt2")
    found = effects[Head(0, 1)]
    assert np.isnan(found.later_heads[0]).all()
    assert np.abs(found.later_heads[1:]).max() > 1e-3
    (best, change), *_ = found.most_changed()
    assert change == found.later_heads[best]
    assert abs(change) == np.nanmax(np.abs(found.later_heads))
    last = direct_effect(scorer, Head(scorer.model.n_layers - 1, 0))
    assert last.most_changed() == []


def test_it_may_be_stopped_after_every_pass(loaded):
    model = loaded("gpt2")
    answers = ((" jumps", " fox", 2), (" jumps over", " lazy dog", 4))
    for target, foil, n_passes in answers:  # clean and ablated, of each that has a pass of its own
        shares = []
        spec = spec_of(model, target=target, foil=foil)
        run_to_end(
            measure_direct_effect(Scorer(model, spec), Head(0, 1)),
            shares.append,
        )
        assert len(shares) == 1 + n_passes
        assert shares == sorted(shares)


def made(total, direct, layer=8, prob_after=0.6, mlps=None):
    """A head of twelve layers with this effect; what is not direct comes from the last MLP."""
    later = np.zeros(12)
    later[-1] = total - direct if mlps is None else mlps
    return DirectEffect(
        head=Head(layer, 0),
        metric="logit_diff_change",
        total=total,
        direct=direct,
        direct_frozen_norm=direct,
        final_norm=0.0,
        later_heads=np.zeros((12, 2)),
        later_mlps=later,
        prob=0.7,
        prob_after=prob_after,
    )


def test_self_repair_is_said_only_where_something_was_repaired():
    def mechanism(total, direct, **other):
        return made(total, direct, **other).mechanism

    assert mechanism(-1.0, -3.0) is Mechanism.REPAIRED
    assert mechanism(+0.4, -0.5) is Mechanism.OUTWEIGHED  # more than all of it is no repair
    assert mechanism(-0.4, +0.5) is Mechanism.OUTWEIGHED
    assert mechanism(-1.0, -3.0, layer=7) is Mechanism.OFFSET  # the first two thirds
    assert mechanism(-1.0, -3.0, prob_after=0.34) is Mechanism.OFFSET  # half of .7 is gone
    assert mechanism(-1.0, -3.0, prob_after=0.35) is Mechanism.REPAIRED
    assert mechanism(+1.0, +3.0) is Mechanism.GIVEN_BACK  # it harmed
    assert mechanism(+1.0, +3.0, layer=2) is Mechanism.OFFSET
    assert mechanism(-0.5, -0.05) is Mechanism.LATER  # hardly any direct effect: mediation
    assert mechanism(0.02, -0.05) is Mechanism.SMALL
    assert mechanism(-7.13, +0.24) is Mechanism.LATER  # opposite in sign, nearly all downstream
    assert mechanism(-2.95, -3.0) is Mechanism.DIRECT  # opposite in sign, and next to nothing
    assert mechanism(-0.02, -0.09) is Mechanism.SMALL


@pytest.mark.parametrize(
    ("direct", "expected"),
    [
        (-0.95, Mechanism.LATER),
        (-1.05, Mechanism.HALF),
        (-1.95, Mechanism.HALF),
        (-2.05, Mechanism.DIRECT),
    ],
)
def test_half_and_half_is_between_a_third_and_two_thirds(direct, expected):
    assert made(-3.0, direct).mechanism is expected
    assert made(+3.0, -direct).mechanism is expected


def test_a_route_is_said_with_its_parts_and_the_word_only_where_it_is_right():
    assert route_words(made(-1.0, -4.0)) == (
        "what follows makes up for 75 % of what the answer loses directly (self-repair): of −1.00 "
        "nats of logit difference, −4.00 directly (norms held) and +3.00 through later MLPs"
    )
    assert route_words(made(-1.0, -4.0, mlps=2.0)).endswith("later MLPs and +1.00 not linear")
    assert "can be told" not in route_words(made(-1.0, -4.0))
    early = mechanism_words(made(-1.0, -4.0, layer=3))
    assert "acts through later components" in early
    assert "cannot be told apart from mediation" in early
    lost = mechanism_words(made(-1.0, -4.0, prob_after=0.001))
    assert "the answer is not kept (P 70.0 % → 0.1 %)" in lost
    harm = mechanism_words(made(+1.0, +4.0))
    assert "gives 75 % of that gain back" in harm
    for said in (early, lost, harm):
        assert "self-repair" not in said
    assert "half directly" in mechanism_words(made(-3.0, -1.5))


def test_norms_on_the_stream_are_refused(loaded):
    model = loaded("opt-post-norm")
    with pytest.raises(UnavailableError, match="a norm follows"):
        direct_effect(Scorer(model, spec_of(model)), Head(0, 0))


def test_replaced_by_itself_there_is_no_route(loaded):
    """Resampling where the corrupted prompt does not differ yet replaces nothing by anything."""
    model = loaded("gpt2")
    spec = SweepSpec(
        model.name,
        checkpoints.TEXT,
        " jumps",
        ablation="resample",
        corrupted_prompt=CORRUPTED,
        positions=(0, 1),
        prepend_bos=True,
    )
    found = direct_effect(Scorer(model, spec), Head(0, 1))
    assert found.total == found.direct == found.direct_frozen_norm == found.final_norm == 0
    assert found.mechanism is Mechanism.SMALL


@pytest.mark.slow
def test_the_oracle_reads_what_the_engine_reads(loaded, oracle):
    model = loaded("llama")
    scorer = Scorer(model, spec_of(model))
    torch.testing.assert_close(
        read_stream(model, scorer.start.tokens).z,
        clean_z(oracle("llama", "raw"), scorer.start.tokens[None]),
        atol=1e-5,
        rtol=1e-4,
    )

"""The engine's two paths against plain hooks, their own identities, threads and failures.

`path` is "growing" (the model's own submodules, rows entering at their layer) or "hooks" (batched
full passes): what a family that the first does not know falls back to.
"""

import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
import torch
from support import checkpoints

from core.engine import DEFAULT_MEMORY_BUDGET, head_and_mlp_outputs, run, run_from, start_clean
from core.engine.chunks import rows_per_chunk
from core.engine.edits import Edits
from core.engine.interventions import Edit, MlpEdit, Values, chosen_positions
from core.errors import ModelError
from core.spec.ablation import AblationKind
from core.spec.heads import Head, all_heads

FAMILIES = list(checkpoints.FAMILIES)
MEAN, ZERO = AblationKind.MEAN_ACROSS_HEADS, AblationKind.ZERO
TOKENS = torch.tensor([0, 51, 90, 7, 33, 120, 51, 90])
LAST = (len(TOKENS) - 1,)


@pytest.fixture(params=["growing", "hooks"])
def gpt2(loaded, request):
    """gpt2(weights): the same model, swept on either path."""

    def model(weights="processed"):
        found = loaded("gpt2", weights)
        return found if request.param == "growing" else replace(found, stack=None)

    return model


def every_head(model, kind, positions=None):
    """One row a head, by kind."""
    return [(Edit(head, kind, positions),) for head in all_heads(model.n_layers, model.n_heads)]


def finished(rows):
    """The chunks that hold finished rows, without the moments in between."""
    return [chunk for chunk in rows if chunk.indices]


def logits(model, interventions, read=LAST, **options):
    """Logits of every intervention, in the order given."""
    found = {}
    for rows in run(model, TOKENS, interventions, read, **options):
        assert not set(rows.indices) & set(found), "a row came twice"
        found.update(zip(rows.indices, rows.logits, strict=True))
    return torch.stack([found[i] for i in range(len(interventions))])


def clean_z(model):
    """Every layer's z of a clean pass, read by a hook of the test's own."""
    found = {}
    handles = [
        block.attn.hook_z.register_forward_hook(
            lambda module, args, z, layer=layer: found.__setitem__(layer, z.detach().clone())
        )
        for layer, block in enumerate(model.bridge.blocks)
    ]
    model.logits(TOKENS[None], LAST)
    for handle in handles:
        handle.remove()
    shape = (len(TOKENS), model.n_heads, model.d_head)
    return [found[layer].reshape(shape) for layer in range(model.n_layers)]


def hooked(bridge, edit):
    """All logits of one pass with `edit(layer, z)` hooked onto every layer of an oracle bridge."""
    hooks = [
        (f"blocks.{layer}.attn.hook_z", lambda z, hook, layer=layer: edit(layer, z.clone()))
        for layer in range(len(bridge.blocks))
    ]
    with torch.inference_mode():
        return bridge.run_with_hooks(TOKENS[None], fwd_hooks=hooks)[0]


def n_hooks(model):
    parts = {*model.bridge.modules(), *model.bridge.original_model.modules()}
    return sum(len(part._forward_hooks) + len(part._forward_pre_hooks) for part in parts)


def close(one, other, atol=1e-5):
    torch.testing.assert_close(one.log_softmax(-1), other.log_softmax(-1), atol=atol, rtol=0)


def differ(one, other, by=1e-3):
    assert (one.log_softmax(-1) - other.log_softmax(-1)).abs().max() > by


@pytest.mark.parametrize("family", FAMILIES)
def test_the_empty_intervention_is_the_model_itself(loaded, checkpoint, family):
    from transformers import AutoModelForCausalLM

    own = AutoModelForCausalLM.from_pretrained(checkpoint(family))
    with torch.inference_mode():
        expected = own(TOKENS[None]).logits[0]
    close(logits(loaded(family), [()], read=(2, 7))[0], expected[[2, 7]])


@pytest.mark.parametrize("family", FAMILIES)
def test_replacing_every_head_by_itself_changes_nothing(loaded, family):
    model = loaded(family)
    z = clean_z(model)
    own = [
        (Edit(head, Values(z[head.layer][:, head.head])),)
        for (edit,) in every_head(model, ZERO)
        for head in [edit.head]
    ]
    everything_at_once = tuple(edit for (edit,) in own)
    clean = logits(model, [()])[0]
    for row in logits(model, [*own, everything_at_once]):
        close(row, clean)
    differ(logits(model, [(Edit(Head(1, 1), Values(z[1][:, 2])),)])[0], clean)


def test_zero_ablation_equals_zeroing_the_heads_rows_of_w_o(loaded, checkpoint):
    from transformers import AutoModelForCausalLM

    model = loaded("gpt2", "raw")
    found = logits(model, every_head(model, ZERO))
    clean = logits(model, [()])[0]
    own = AutoModelForCausalLM.from_pretrained(checkpoint("gpt2"))
    for index, (edit,) in enumerate(every_head(model, ZERO)):
        weight = own.transformer.h[edit.head.layer].attn.c_proj.weight
        kept, start = weight.detach().clone(), edit.head.head * model.d_head
        with torch.inference_mode():
            weight[start : start + model.d_head] = 0  # Conv1D: rows are the inputs
            expected = own(TOKENS[None]).logits[0, -1:]
            weight.copy_(kept)
        close(found[index], expected)
        differ(found[index], clean, by=1e-2)


def test_mean_across_heads_keeps_one_nth_of_the_head(loaded, oracle):
    model = loaded("neox-parallel", "raw")

    def by_hand(layer, z):
        if layer == 1:
            z[:, :, 2] = (z[:, :, 0] + z[:, :, 1] + z[:, :, 2] + z[:, :, 3]) / 4
        return z

    expected = hooked(oracle("neox-parallel", "raw"), by_hand)[-1:]
    close(logits(model, [(Edit(Head(1, 2), MEAN),)])[0], expected)


@pytest.mark.parametrize("family", FAMILIES)
def test_joint_edits_take_replacements_before_any_overwrite(loaded, oracle, family):
    """Two heads of one layer by their mean, one by zero, and one in a later layer; every other
    family with its weights raw.
    """
    weights = ("processed", "raw")[FAMILIES.index(family) % 2]
    model, bridge = loaded(family, weights), oracle(family, weights)
    joint = (
        Edit(Head(1, 0), MEAN),
        Edit(Head(1, 2), MEAN),
        Edit(Head(1, 1), ZERO),
        Edit(Head(2, 3), MEAN),
    )

    def before_overwriting(layer, z):
        mean = z.mean(dim=2)
        if layer == 1:
            z[:, :, 0], z[:, :, 1], z[:, :, 2] = mean, 0, mean
        if layer == 2:
            z[:, :, 3] = mean  # of the running pass, in which layer 1 is ablated already
        return z

    def one_after_the_other(layer, z):
        if layer == 1:
            for head in (0, 2):
                z[:, :, head] = z.mean(dim=2)
            z[:, :, 1] = 0
        if layer == 2:
            z[:, :, 3] = z.mean(dim=2)
        return z

    found = logits(model, [joint])[0]
    close(found, hooked(bridge, before_overwriting)[-1:], atol=1e-4)
    differ(found, hooked(bridge, one_after_the_other)[-1:])


@pytest.mark.parametrize("weights", ["processed", "raw"])
def test_rows_with_different_positions_and_kinds_share_a_batch(gpt2, oracle, weights):
    model, bridge = gpt2(weights), oracle("gpt2", weights)
    cases = [
        (Edit(Head(1, 0), ZERO),),
        (Edit(Head(1, 0), ZERO, (0, 3)),),
        (Edit(Head(1, 3), MEAN, (7,)),),
        (Edit(Head(1, 3), MEAN),),
        (),
    ]

    def overwrite(edits):
        def by_hand(layer, z):
            mean = z.mean(dim=2)
            for edit in edits:
                if edit.head.layer == layer:
                    new = torch.zeros_like(mean) if edit.replacement is ZERO else mean
                    where = list(edit.positions or range(len(TOKENS)))
                    z[:, where, edit.head.head] = new[:, where]
            return z

        return by_hand

    found = logits(model, cases)
    for edits, row in zip(cases, found, strict=True):
        close(row, hooked(bridge, overwrite(edits))[-1:], atol=1e-4)
    differ(found[0], found[1])
    differ(found[2], found[3])


def test_one_head_may_be_replaced_differently_at_different_positions(gpt2, oracle):
    model = gpt2("raw")
    z = clean_z(model)
    split = (
        Edit(Head(1, 0), ZERO, (1,)),
        Edit(Head(1, 0), MEAN, (2,)),
        Edit(Head(1, 0), ZERO, (4, 5)),
        Edit(Head(1, 0), Values(z[1][:, 3]), (6,)),
    )

    def by_hand(layer, z_now):
        if layer == 1:
            mean = z_now.mean(dim=2)
            z_now[:, [1, 4, 5], 0] = 0
            z_now[:, 2, 0] = mean[:, 2]
            z_now[:, 6, 0] = z[1][6, 3]
        return z_now

    close(logits(model, [split])[0], hooked(oracle("gpt2", "raw"), by_hand)[-1:], atol=1e-4)


def test_one_vector_may_stand_for_every_position(gpt2):
    model = gpt2()
    vector = torch.linspace(-1, 1, model.d_head)[None]
    edits = [
        (Edit(Head(0, 1), Values(vector)),),
        (Edit(Head(0, 1), Values(vector.repeat(len(TOKENS), 1))),),
    ]
    one, every = logits(model, edits)
    close(one, every, atol=1e-7)
    differ(one, logits(model, [()])[0])


def test_an_ablation_at_a_later_position_leaves_earlier_logits_alone(gpt2):
    model = gpt2()
    edited, clean = logits(model, [(Edit(Head(0, 0), ZERO, (5,)),), ()], read=tuple(range(8)))
    close(edited[:5], clean[:5], atol=1e-6)
    differ(edited[5:], clean[5:])


def test_reading_positions_come_in_the_order_asked_for(gpt2):
    model = gpt2()
    every = logits(model, [()], read=tuple(range(8)))[0]
    close(logits(model, [()], read=(7, 2))[0], every[[7, 2]])


@pytest.mark.parametrize("family", FAMILIES)
def test_chunks_give_the_numbers_of_one_batch(loaded, family):
    model = loaded(family)
    heads = every_head(model, MEAN)
    chunks = finished(run(model, TOKENS, heads, LAST, memory_budget=1))
    assert [len(rows.indices) for rows in chunks] == [1] * len(heads)
    by_one = {rows.indices[0]: rows.logits[0] for rows in chunks}
    assert sorted(by_one) == list(range(len(heads)))
    (whole,) = finished(run(model, TOKENS, heads, LAST))
    close(torch.stack([by_one[i] for i in whole.indices]), whole.logits)


def test_the_deepest_layers_come_first(gpt2):
    model = gpt2()
    heads = every_head(model, ZERO)
    chunks = finished(run(model, TOKENS, heads, LAST, memory_budget=1))
    layers = [heads[rows.indices[0]][0].head.layer for rows in chunks]
    assert layers == sorted(layers, reverse=True)


def test_longer_prompts_make_smaller_chunks_and_never_none(gpt2):
    model = gpt2()
    sizes = [rows_per_chunk(model, n, 0, 1, 10**7) for n in (8, 16, 32, 64)]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] > sizes[-1] >= 1
    assert rows_per_chunk(model, 64, 0, 1, 10**6) < rows_per_chunk(model, 64, 0, 1, 10**7)
    assert rows_per_chunk(model, 64, 0, 1, 0) == 1
    assert rows_per_chunk(model, 64, 0, 1, DEFAULT_MEMORY_BUDGET) >= model.n_all_heads


def test_nothing_to_run_yields_nothing(gpt2):
    assert list(run(gpt2(), TOKENS, [], LAST)) == []


def test_a_generator_dropped_half_way_leaves_nothing_behind(gpt2):
    model = gpt2()
    hooks, clean = n_hooks(model), logits(model, [()])
    heads = every_head(model, ZERO)
    half = run(model, TOKENS, heads, LAST, memory_budget=1)
    next(half)
    # While it waits, this thread's own passes are clean.
    close(model.logits(TOKENS[None], LAST), clean, atol=1e-5)
    half.close()
    assert n_hooks(model) == hooks
    close(model.logits(TOKENS[None], LAST), clean)  # no edit is still in force


def test_an_error_inside_a_pass_leaves_nothing_behind(gpt2):
    model = gpt2()
    hooks, clean = n_hooks(model), logits(model, [()])
    with pytest.raises(IndexError):
        logits(model, [(Edit(Head(1, 99), ZERO),)])
    assert n_hooks(model) == hooks
    close(model.logits(TOKENS[None], LAST), clean)  # no edit is still in force


def test_an_edit_returns_a_copy(gpt2):
    model = gpt2()
    z = torch.randn(2, len(TOKENS), model.n_heads, model.d_head)
    kept = z.clone()
    rows = [(Edit(Head(1, 0), ZERO), Edit(Head(1, 1), MEAN, (2,))), (Edit(Head(1, 2), MEAN),)]
    ablated = Edits(rows, model.value_shift, len(TOKENS)).apply(1, z)
    assert torch.equal(z, kept)
    assert not torch.equal(ablated, z)


def test_no_weight_is_written_to(loaded):
    model = loaded("llama")
    before = {name: p.clone() for name, p in model.bridge.original_model.named_parameters()}
    logits(model, every_head(model, MEAN, (0, 3)))
    for name, parameter in model.bridge.original_model.named_parameters():
        assert torch.equal(parameter, before[name]), name


@pytest.mark.slow
def test_threads_do_not_see_each_others_edits(gpt2):
    model = gpt2()
    lists = [
        [(Edit(Head(layer, head), kind, where),)] * 3
        for layer, head, kind, where in [
            (0, 1, MEAN, None),
            (1, 2, ZERO, (3,)),
            (1, 2, MEAN, None),
            (2, 0, MEAN, (7,)),
            (0, 3, ZERO, (0, 1)),
        ]
    ] + [[()] * 3]
    alone = [logits(model, edits) for edits in lists]
    hooks, start = n_hooks(model), threading.Barrier(len(lists))

    def together(edits):
        start.wait()
        return [logits(model, edits, memory_budget=1) for _ in range(3)]

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        with ThreadPoolExecutor(len(lists)) as pool:
            found = list(pool.map(together, lists))
    finally:
        sys.setswitchinterval(interval)
    for one, several in zip(alone, found, strict=True):
        for again in several:
            close(again, one)
    assert n_hooks(model) == hooks


def test_a_stop_is_offered_after_every_block(loaded):
    model = loaded("gpt2")
    rows = list(run(model, TOKENS, every_head(model, ZERO), LAST))
    assert len(rows) > model.n_layers
    fractions = [each.fraction for each in rows]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    assert 0 < fractions[0] < 0.5


@pytest.mark.slow
def test_rows_first_changed_at_different_positions(loaded, oracle):
    """One list, several shared beginnings: each row keeps the clean run before its own change."""
    model, bridge = loaded("llama", "raw"), oracle("llama", "raw")
    cases = [(Edit(Head(layer, 1), ZERO, (pos,)),) for pos in range(8) for layer in range(3)]
    found = logits(model, cases, read=(3, 7))
    for (edit,), row in zip(cases, found, strict=True):

        def by_hand(layer, z, edit=edit):
            if layer == edit.layer:
                z[:, edit.positions[0], edit.head.head] = 0
            return z

        close(row, hooked(bridge, by_hand)[[3, 7]], atol=1e-4)


def test_what_was_not_changed_is_not_computed(loaded, monkeypatch):
    """Tokens that pass through an MLP: rows hold the positions from their change on only."""
    model, seen = loaded("gpt2"), []
    blocks = tuple(
        replace(block, mlp=lambda x, mlp=block.mlp: (seen.append(x.shape[:2].numel()), mlp(x))[1])
        for block in model.stack.blocks
    )
    counted = replace(model, stack=replace(model.stack, blocks=blocks))
    logits(counted, every_head(model, ZERO, LAST))
    clean = 3 * len(TOKENS)
    assert sum(seen) == clean + 4 + 8 + 12
    seen.clear()
    logits(counted, every_head(model, ZERO))
    # The last block is run where the answer is read only.
    assert sum(seen) == clean + (4 + 8) * len(TOKENS) + 12


class _Full:
    """A memory that holds so many rows only: what a GPU does when a chunk is too large."""

    def __init__(self, mlp, rows):
        self.mlp, self.rows, self.refused = mlp, rows, 0

    def __call__(self, resid):
        if resid.shape[0] > self.rows:
            self.refused += 1
            raise torch.OutOfMemoryError("CUDA out of memory")
        return self.mlp(resid)


def small_memory(model, rows):
    full = [_Full(block.mlp, rows) for block in model.stack.blocks]
    blocks = tuple(replace(b, mlp=f) for b, f in zip(model.stack.blocks, full, strict=True))
    return replace(model, stack=replace(model.stack, blocks=blocks)), full


def test_out_of_memory_halves_the_chunks_and_goes_on(loaded):
    model = loaded("gpt2")
    tight, full = small_memory(model, 3)
    heads = every_head(model, MEAN)
    sizes = [len(rows.indices) for rows in finished(run(tight, TOKENS, heads, LAST))]
    assert max(sizes) <= 3
    assert sum(sizes) == len(heads)
    assert sum(each.refused for each in full) <= 4  # learned once, not in every chunk
    close(logits(tight, heads), logits(model, heads))


def test_memory_for_not_even_one_row_is_said_in_words(loaded):
    tight, _ = small_memory(loaded("gpt2"), 0)
    clean = start_clean(loaded("gpt2"), TOKENS, LAST)
    with pytest.raises(ModelError, match="shorten the prompt"):
        list(run_from(replace(clean, model=tight), every_head(tight, ZERO)))


@pytest.mark.parametrize("family", ["gpt2", "neox-parallel", "llama"])
def test_an_mlp_without_its_output_is_an_mlp_with_zeros(loaded, oracle, family):
    model, bridge = loaded(family), oracle(family)
    rows = [(MlpEdit(layer, None),) for layer in range(3)]
    rows += [(MlpEdit(1, None, (2, 5)),), (MlpEdit(2, None), Edit(Head(1, 0), ZERO))]
    found = logits(model, rows)
    for intervention, row in zip(rows, found, strict=True):
        expected = without_mlps(bridge, intervention)
        close(row, expected[-1:], atol=1e-4)
        differ(row, logits(model, [()])[0])


def without_mlps(bridge, intervention):
    hooks = []
    for edit in intervention:

        def zero(x, hook, edit=edit):
            x = x.clone()
            where = list(edit.positions or range(x.shape[1]))
            if isinstance(edit, MlpEdit):
                x[:, where] = 0
            else:
                x[:, where, edit.head.head] = 0
            return x

        point = "hook_mlp_out" if isinstance(edit, MlpEdit) else "attn.hook_z"
        hooks.append((f"blocks.{edit.layer}.{point}", zero))
    with torch.inference_mode():
        return bridge.run_with_hooks(TOKENS[None], fwd_hooks=hooks)[0]


def test_an_mlps_output_may_be_replaced_by_given_values(loaded):
    model = loaded("neox-serial")
    own = head_and_mlp_outputs(model, TOKENS[None])
    same, other = logits(
        model, [(MlpEdit(1, Values(own.mlp[1, 0])),), (MlpEdit(1, Values(own.mlp[0, 0])),)]
    )
    close(same, logits(model, [()])[0])
    differ(other, same)


def test_mlps_can_only_be_edited_where_the_wiring_is_known(loaded):
    model = replace(loaded("neox-serial"), stack=None)
    with pytest.raises(ModelError, match="MLPs"):
        logits(model, [(MlpEdit(1, None),)])


@pytest.mark.slow
@pytest.mark.parametrize("family", ["bloom", "bloom-six-heads"])
def test_alibi_far_from_the_start_over_shared_keys(loaded, family):
    """Past position 256 bfloat16 cannot tell neighbouring positions apart; nor can Bloom's own
    code: the fast path is as near to float32 as that.
    """
    torch.manual_seed(3)
    exact = loaded(family, "raw")
    tokens = torch.randint(3, exact.d_vocab, (320,))

    def log_probs(model):
        rows = [(Edit(Head(n, 2 * n), ZERO, (300, 319)),) for n in range(2)]
        found = torch.cat([chunk.logits for chunk in run(model, tokens, rows, (319,))])
        return found.float().log_softmax(-1)

    expected = log_probs(replace(exact, stack=None))
    close(log_probs(exact), expected, atol=1e-4)
    rough = loaded(family, "raw", "bfloat16")
    own, fast = (
        (log_probs(each) - expected).abs().mean() for each in (replace(rough, stack=None), rough)
    )
    assert fast < 1.25 * own


def test_positions_as_a_spec_says_them():
    assert chosen_positions("all", 15) is None
    assert chosen_positions("last", 15) == (14,)
    assert chosen_positions((0, 3), 15) == (0, 3)

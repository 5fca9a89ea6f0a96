"""A model proves itself: what the growing pass gets wrong, or does not know, goes through hooks."""

from dataclasses import replace

import pytest
import torch
from support import checkpoints
from transformers import Qwen3Config

from core import AblationKind, SweepSpec, load_model, run_sweep
from core.engine.oracle import ablated_logits, load_oracle
from core.engine.proof import checked_model
from core.errors import ModelError
from core.model.stack import Scoring
from core.spec.heads import all_heads


def broken(model, **changes):
    """The model with a wiring that is not its own."""
    blocks = tuple(replace(block, **changes) for block in model.stack.blocks)
    return replace(model, stack=replace(model.stack, blocks=blocks))


def test_the_models_own_wiring_is_kept(loaded):
    kept = checked_model(broken(loaded("gpt2")))
    assert kept.stack is not None
    assert kept.slower_because == ""


@pytest.mark.parametrize(
    "changes",
    [
        {"scoring": Scoring(0.2)},
        {"scoring": Scoring(8**-0.5, window=3)},
        {"parallel": True},
        {"after_mlp": lambda resid: resid * 1.01},
    ],
    ids=["scale", "window", "parallel", "norm"],
)
def test_a_wiring_that_is_not_the_models_own_is_dropped(loaded, changes):
    dropped = checked_model(broken(loaded("gpt2"), **changes))
    assert dropped.stack is None
    assert dropped.slower_because.startswith("the fast path would give other numbers")


def test_a_wiring_that_fails_in_any_way_is_dropped_and_says_how(loaded):
    def fail(resid):
        raise KeyError("renamed")

    found = checked_model(broken(loaded("gpt2"), mlp=fail))
    assert found.stack is None
    assert found.slower_because == "its wiring does not fit it (KeyError: 'renamed')"


@pytest.mark.parametrize("error", [AttributeError("no logits"), IndexError("out\nof range")])
def test_a_model_whose_own_code_fails_is_a_sentence(loaded, monkeypatch, error):
    model = loaded("gpt2")

    def fail(*args, **kwargs):
        raise error

    monkeypatch.setattr(model.bridge.original_model, "forward", fail)
    with pytest.raises(ModelError, match="cannot be run on a few tokens") as caught:
        checked_model(model)
    assert "\n" not in str(caught.value)
    assert type(error).__name__ in str(caught.value)


def test_memory_that_runs_out_is_no_wrong_wiring(loaded):
    def fail(resid):
        raise MemoryError

    with pytest.raises((MemoryError, ModelError)):
        checked_model(broken(loaded("gpt2"), mlp=fail))


@pytest.mark.slow
def test_in_float32_a_wiring_of_bfloat16_is_held_to_more_than_its_rounding(loaded):
    """A thousandth too much a layer is lost in bfloat16, which keeps 4 thousandths of a number."""
    model = loaded("gpt2", "raw", "bfloat16")
    slightly_off = broken(model, after_mlp=lambda resid: resid * 1.001)
    assert checked_model(slightly_off).stack is not None
    assert checked_model(slightly_off, in_float32=True).stack is None
    tensors = [*model.bridge.original_model.parameters(), *model.bridge.original_model.buffers()]
    before = [(each.dtype, each.data_ptr()) for each in tensors]
    assert checked_model(model, in_float32=True).stack is not None
    assert [(each.dtype, each.data_ptr()) for each in tensors] == before
    assert torch.bfloat16 in {dtype for dtype, _ in before}


def test_weights_are_narrow_again_though_the_wiring_fails(loaded):
    def fail(resid):
        if resid.dtype is torch.float32:
            raise MemoryError
        return resid

    model = loaded("gpt2", "raw", "bfloat16")
    with pytest.raises((MemoryError, ModelError)):
        checked_model(broken(model, mlp=fail), in_float32=True)
    assert {each.dtype for each in model.bridge.original_model.parameters()} == {torch.bfloat16}


def test_a_way_that_rounds_more_than_the_models_own_is_dropped(loaded):
    """Right in float32, and coarse in bfloat16: a stream cut to two bits."""

    def coarse(resid):
        if resid.dtype is torch.float32:
            return resid
        return (resid.float() * 2).round().bfloat16() / 2

    found = checked_model(
        broken(loaded("gpt2", "raw", "bfloat16"), after_mlp=coarse), in_float32=True
    )
    assert found.stack is None
    assert found.slower_because == (
        "in bfloat16 the fast path would be less exact than the model’s own code"
    )


@pytest.fixture(scope="module")
def unknown(tmp_path_factory):
    """A family that Headsweep has no wiring for: Qwen3 normalises its queries and keys."""
    folder = tmp_path_factory.mktemp("unknown")
    config = Qwen3Config(
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=8,
        intermediate_size=64,
        max_position_embeddings=64,
    )
    checkpoints.save(config, folder)
    return folder


@pytest.mark.slow
def test_an_unknown_family_takes_the_slower_path_and_is_exact(unknown):
    model, bridge = load_model(str(unknown), device="cpu"), load_oracle(unknown)
    assert model.stack is None
    assert model.slower_because == "no wiring is known for 'qwen3' models with these settings"
    spec = SweepSpec(model.name, checkpoints.TEXT, " jumps", ablation="zero", prepend_bos=True)
    result = run_sweep(model, spec)
    ids = [0, *model.tokenizer(checkpoints.TEXT, add_special_tokens=False)["input_ids"]]
    target = model.tokenizer(" jumps", add_special_tokens=False)["input_ids"][0]
    for head in all_heads(2, 4):
        logits = ablated_logits(bridge, torch.tensor([ids]), head, AblationKind.ZERO)
        expected = float(logits[-1].log_softmax(-1)[target])
        found = result.baseline.logprob + result.effect(head).logprob_change
        assert found == pytest.approx(expected, abs=1e-4)

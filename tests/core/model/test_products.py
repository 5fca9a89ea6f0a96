"""The quick product is the module's own, on every layer and activation it takes."""

import pytest
import torch
from torch import nn
from transformers.activations import ACT2FN
from transformers.models.bloom.modeling_bloom import BloomGelu
from transformers.pytorch_utils import Conv1D

from core.model import products
from core.model.products import product, product_in_float32

LAYERS = {
    "linear": lambda: nn.Linear(48, 80),
    "linear, no bias": lambda: nn.Linear(48, 80, bias=False),
    "conv1d": lambda: Conv1D(80, 48),
}
ACTS = {
    "none": None,
    **{name: ACT2FN[name] for name in ("gelu", "gelu_new", "gelu_fast", "relu", "silu")},
    "gelu_pytorch_tanh": ACT2FN["gelu_pytorch_tanh"],
    "bloom": BloomGelu(),
    "one it does not know": nn.Tanh(),
}


@pytest.fixture(params=[True, False], ids=["onednn", "torch"])
def quick(request, monkeypatch: pytest.MonkeyPatch) -> bool:
    """With oneDNN where there is one, and without."""
    if not request.param:
        monkeypatch.setattr(products, "_has_onednn", lambda: False)
    return request.param


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
@pytest.mark.parametrize("layer", LAYERS.values(), ids=LAYERS)
def test_it_is_the_layer_and_its_activation(layer, act, quick) -> None:
    torch.manual_seed(0)
    module, x = layer(), 3 * torch.randn(2, 5, 3, 48)[:, :, 1]  # not contiguous
    nn.init.normal_(module.weight)
    with torch.inference_mode():
        wanted = module(x) if act is None else act(module(x))
        found = product(module, act)(x)
    torch.testing.assert_close(found, wanted, rtol=1e-5, atol=2e-5)


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
def test_a_gradient_passes_through(act, quick) -> None:
    torch.manual_seed(0)
    module, x = nn.Linear(48, 80), torch.randn(5, 48, requires_grad=True)
    for parameter in module.parameters():
        parameter.requires_grad_(False)
    wanted = torch.autograd.grad((module(x) if act is None else act(module(x))).sum(), x)
    found = torch.autograd.grad(product(module, act)(x).sum(), x)
    torch.testing.assert_close(found, wanted)


def test_what_goes_in_is_left_as_it_was(quick) -> None:
    x = torch.randn(5, 48)
    before = x.clone()
    with torch.inference_mode():
        product(nn.Linear(48, 80), ACT2FN["gelu_new"])(x)
    assert torch.equal(x, before)


def test_bfloat16_is_the_modules_own_to_the_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the processor has such products."""
    monkeypatch.setattr(products, "_has_bfloat16", lambda: True)
    module, x = nn.Linear(48, 80).bfloat16(), torch.randn(5, 48).bfloat16()
    with torch.inference_mode():
        assert torch.equal(product(module)(x), module(x))


@pytest.mark.parametrize("layer", LAYERS)
def test_bfloat16_by_way_of_float32_is_the_exact_product_rounded_once(layer, monkeypatch) -> None:
    """As the module's own is: but for sums within float32's rounding of the middle of two."""
    monkeypatch.setattr(products, "_has_bfloat16", lambda: False)
    module, x = LAYERS[layer]().bfloat16(), torch.randn(2, 50, 48).bfloat16()
    weight = module.weight if isinstance(module, Conv1D) else module.weight.T
    with torch.inference_mode():
        exact = x.double() @ weight.double()
        exact = exact if module.bias is None else exact + module.bias.double()
        found, own = product(module)(x), module(x)
    assert found.dtype is torch.bfloat16
    rounded = exact.bfloat16()
    assert (found == rounded).float().mean() > 0.995
    torch.testing.assert_close(found, rounded, rtol=2**-7, atol=1e-6)  # the next number at most
    assert (found == own).float().mean() > 0.99


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("rows", [7, 2**13])
def test_in_float32_the_sums_of_bfloat16_products_are_not_rounded(layer, rows, monkeypatch) -> None:
    """A few rows of the weight at a time, or all at once."""
    monkeypatch.setattr(products, "_ROWS", rows)
    module, x = LAYERS[layer]().bfloat16(), 20 * torch.randn(2, 5, 48).bfloat16()
    weight = module.weight if isinstance(module, Conv1D) else module.weight.T
    with torch.inference_mode():
        exact = x.double() @ weight.double()
        exact = exact if module.bias is None else exact + module.bias.double()
        found = product_in_float32(module)(x)
        assert found.dtype is torch.float32
        torch.testing.assert_close(found.double(), exact, rtol=1e-5, atol=1e-5)
        assert (module(x) - exact).abs().max() > 1e-3
        wide = module.float()
        assert torch.equal(product_in_float32(wide)(x), product(wide)(x.float()))


def test_a_layer_of_another_kind_is_called() -> None:
    class Doubled(nn.Linear):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return 2 * super().forward(x)

    module, x = Doubled(4, 4), torch.randn(3, 4)
    with torch.inference_mode():
        assert torch.equal(product(module)(x), module(x))
        rough = Doubled(4, 4).bfloat16()
        assert torch.equal(product_in_float32(rough)(x), rough(x.bfloat16()).float())


def test_weights_changed_later_are_seen(quick) -> None:
    module, x = nn.Linear(4, 4), torch.randn(3, 4)
    multiply = product(module)
    with torch.inference_mode():
        multiply(x)
        module.weight.mul_(2)
        torch.testing.assert_close(multiply(x), module(x))


def test_an_operator_that_gives_other_numbers_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    products._has_onednn.cache_clear()
    monkeypatch.setattr(products, "_onednn", lambda x, w, b, *_: x @ w.T)  # the bias is lost
    try:
        assert not products._has_onednn()
    finally:
        products._has_onednn.cache_clear()

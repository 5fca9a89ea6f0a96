"""Which attention edges to knock out, as people type it: spans of keys, a window of layers.

Imports no torch.
"""

from collections.abc import Iterable

from core.errors import InputError
from core.spec.heads import Head, shortened
from core.text.typed_numbers import spans


def typed_spans(text: str, field: str) -> tuple[int, ...]:
    """The numbers in a text such as "2-6" or "2,4"; both ends of a span are in it.

    Raises `InputError` (that field) for another text.
    """
    numbers = spans(text)
    if numbers is None:
        raise InputError(
            field, f"{shortened(text)!r} is no list of numbers: write it as 2-6, or 2,4."
        )
    return numbers


def heads_of_layers(layers: Iterable[int], shape: tuple[int, int], model: str) -> tuple[Head, ...]:
    """Every head of some layers, for a model of `shape` (layers, heads a layer).

    Raises `InputError` (field "layers") for a layer that the model does not have.
    """
    n_layers, n_heads = shape
    window = tuple(layers)
    for layer in window:
        if layer >= n_layers:
            raise InputError(
                "layers", f"{model} has no layer {layer}: its layers are 0 to {n_layers - 1}."
            )
    return tuple(Head(layer, head) for layer in window for head in range(n_heads))

"""Rows of a table: heads and layers from the same effects, ranked together."""

from core.demo.example import saved, saved_layer_effects
from core.results.table_rows import Rows, layer_rows, ranked, table_rows


def test_layers_stand_beside_heads_and_are_none():
    result, layer_effects = saved(), saved_layer_effects()
    n_layers = result.shape[0]
    heads = table_rows(result, layer_effects, Rows.HEADS)
    assert [row.head for row in heads] == [each.address for each in result.heads]
    assert table_rows(result, None, Rows.ALL) == heads
    assert table_rows(result, None, Rows.LAYERS) == []
    layers = list(layer_rows(layer_effects))
    assert all(row.head is None for row in layers)
    assert [row.label for row in layers if "attention" in row.label] == [
        f"L{layer} attention" for layer in range(n_layers)
    ]
    both = table_rows(result, layer_effects, Rows.ALL)
    assert both == [*heads, *layers]
    order = ranked(both, "prob_change")
    sizes = [abs(row.effect.prob_change) for row in order]
    assert sizes == sorted(sizes, reverse=True)
    assert [row.head for row in ranked(heads, "kl")] == [e.address for e in result.ranked("kl")]


def test_where_the_kind_has_no_meaning_for_an_mlp_there_is_no_row():
    """Mean across heads: the attention alone is measured."""
    layer_effects = saved_layer_effects()
    assert layer_effects.mlp == (None,) * len(layer_effects.attention)
    assert [row.label for row in layer_rows(layer_effects)] == [
        f"L{layer} attention" for layer in range(len(layer_effects.attention))
    ]

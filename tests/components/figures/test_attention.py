"""One head's attention pattern: what is drawn is what was read, the future blank."""

import numpy as np
import pytest
from support import drawn

from components.figures.attention import LABELLED, MAX_POSITIONS, attention_pattern
from components.figures.base.look import Look


def random_pattern(n):
    """Weights everywhere, the future included: what is drawn must leave it out."""
    weights = np.random.default_rng(n).random((n, n))
    return weights / weights.sum(1, keepdims=True)


def drawn_values(figure):
    return [list(row) for row in drawn.heatmap_of(figure).z]


def test_cells_are_the_heads_weights_queries_down_keys_across(looking, tokens):
    figure = attention_pattern(looking.weights, tokens, Look())
    n = len(tokens)
    for query, row in enumerate(drawn_values(figure)):
        assert row[: query + 1] == pytest.approx(looking.weights[query, : query + 1].tolist())
        assert sum(row[: query + 1]) == pytest.approx(1, abs=1e-5)
        assert row[query + 1 :] == [None] * (n - 1 - query)
    assert figure.layout.yaxis.autorange == "reversed"
    assert figure.layout.xaxis.ticktext == figure.layout.yaxis.ticktext
    assert len(figure.layout.xaxis.ticktext) == n
    assert figure.layout.xaxis.ticktext[1].startswith("1 ")


def test_a_cell_says_from_where_to_where(looking, tokens):
    trace = drawn.heatmap_of(attention_pattern(looking.weights, tokens, Look()))
    labels = attention_pattern(looking.weights, tokens, Look()).layout.xaxis.ticktext
    assert (trace.y[5], trace.x[2]) == (labels[5], labels[2])
    assert "%{y} → %{x}" in trace.hovertemplate
    assert "at most" not in trace.hovertemplate


def test_token_labels_are_escaped():
    tokens = ("<b>", " a", "$x$")
    figure = attention_pattern(np.eye(3), tokens, Look())
    assert figure.layout.xaxis.ticktext[0] == "0 &lt;b&gt;"
    assert figure.layout.yaxis.ticktext[0] == "0 &lt;b&gt;"
    assert "$x$" not in figure.layout.xaxis.ticktext[2]
    assert figure.data[0].x[0] == figure.data[0].y[0] == "0 &lt;b&gt;"


def test_the_future_is_blank_in_a_pattern():
    z = attention_pattern(np.tril(np.ones((3, 3))), ["a", "b", "c"], Look()).data[0].z
    assert z[0][1] is None
    assert z[2][2] == 1
    assert drawn_values(attention_pattern(np.ones((3, 3)), ["a", "b", "c"], Look())) == [
        [1, None, None],
        [1, 1, None],
        [1, 1, 1],
    ]


@pytest.mark.parametrize("n", [MAX_POSITIONS + 1, MAX_POSITIONS + 40, 2 * MAX_POSITIONS + 1])
def test_a_cell_of_a_long_prompt_is_the_largest_weight_among_its_positions(n):
    pattern = random_pattern(n)
    figure = attention_pattern(pattern, ["x"] * n, Look())
    z = drawn_values(figure)
    blocks = len(z)
    assert blocks <= MAX_POSITIONS
    size = -(-n // MAX_POSITIONS)
    largest = [[None] * blocks for _ in range(blocks)]
    for query in range(n):
        for key in range(query + 1):
            row, column = query // size, key // size
            largest[row][column] = max(largest[row][column] or 0.0, float(pattern[query, key]))
    assert z == largest
    assert "at most" in drawn.heatmap_of(figure).hovertemplate
    trace, axis = drawn.heatmap_of(figure), figure.layout.xaxis
    names = [
        f"{first}–{last}" if last > first else f"{first} x"
        for first, last in ((at, min(at + size, n) - 1) for at in range(0, n, size))
    ]
    assert list(trace.x) == list(trace.y) == names, "a cell's hover names all its positions"
    ticks = dict(zip(axis.tickvals, axis.ticktext, strict=True))
    assert all(said == f"{size * names.index(name)} x" for name, said in ticks.items())


def test_a_prompt_of_as_many_positions_as_cells_is_drawn_as_it_is():
    n = MAX_POSITIONS
    pattern = np.tril(random_pattern(n))
    figure = attention_pattern(pattern, ["x"] * n, Look())
    assert [[v or 0.0 for v in row] for row in drawn_values(figure)] == pattern.tolist()
    assert "at most" not in drawn.heatmap_of(figure).hovertemplate


@pytest.mark.parametrize("n", [LABELLED, LABELLED + 1])
def test_every_token_is_named_while_there_is_room(n):
    figure = attention_pattern(random_pattern(n), ["x"] * n, Look())
    named = len(figure.layout.xaxis.ticktext)
    assert (named == n) == (n <= LABELLED)
    assert named >= 20
    assert len(drawn.heatmap_of(figure).x) == n


def test_value_weighted_weights_have_a_scale_of_their_own(looking, tokens):
    plain = drawn.heatmap_of(attention_pattern(looking.weights, tokens, Look()))
    assert (plain.zmin, plain.zmax) == (0, 1)
    weighted = looking.value_weighted
    assert weighted.max() != pytest.approx(1, abs=1e-3)
    figure = attention_pattern(weighted, tokens, Look(), unit="weight × length", top=None)
    trace = drawn.heatmap_of(figure)
    assert (trace.zmin, trace.zmax) == (0, pytest.approx(float(weighted.max())))
    assert drawn_values(figure)[-1] == pytest.approx(weighted[-1].tolist())
    assert trace.colorbar.title.text == "weight × length"


def test_a_knocked_out_edge_is_outlined_in_its_cell_also_where_a_cell_has_several():
    tokens = [f"t{i}" for i in range(2 * MAX_POSITIONS)]
    for n, place in ((8, (3, 5)), (2 * MAX_POSITIONS, (1, 2))):
        figure = attention_pattern(random_pattern(n), tokens[:n], Look(), outlined=[(5, 3)])
        (shape,) = drawn.shapes_of(figure, "knocked out")
        assert ((shape.x0 + shape.x1) / 2, (shape.y0 + shape.y1) / 2) == pytest.approx(place)

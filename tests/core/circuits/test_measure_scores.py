"""Role scores: by hand which query-key pairs count; measured, what hooks on a bridge read."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from core import AblationKind
from core.checkpoints.catalogue import DEMO_FOLDER
from core.circuits.head_scores import ROLES
from core.circuits.measure_scores import (
    cached_head_scores,
    head_scores,
    head_scores_by_sequence,
    measure_head_scores,
    measure_scores_without,
    sequences_for,
)
from core.circuits.ov import copying_scores
from core.engine.oracle import reference_mean
from core.errors import InputError, UnavailableError
from core.progress import run_to_end
from core.prompts.tokens import tokenize_prompt
from core.spec.heads import Head

L = 4
FAMILIES = ["gpt2", "gpt-neo", "gptj", "opt-post-norm", "bloom", "phi", "qwen2", "gemma2"]
INDUCTION = [Head(1, head) for head in range(4)]
REFERENCE = ("The quick brown fox", "The lazy dog. The fox", "dog over fox")


def one_hot_pattern(key_of_query, n_pos: int) -> torch.Tensor:
    """[1, 1, pos, pos]: every query gives all its weight to one key."""
    pattern = torch.zeros(1, 1, n_pos, n_pos)
    for query in range(n_pos):
        pattern[0, 0, query, key_of_query(query)] = 1.0
    return pattern


@pytest.mark.parametrize("has_bos", [True, False])
@pytest.mark.parametrize(
    ("role", "key_of_query"),
    [
        ("induction", lambda q: max(q - L + 1, 0)),
        ("duplicate token", lambda q: max(q - L, 0)),
        ("previous token", lambda q: max(q - 1, 0)),
        ("current token", lambda q: q),
        ("first token", lambda q: 0),
    ],
)
def test_a_perfect_head_scores_one_in_its_role_and_nothing_in_the_others(
    role, key_of_query, has_bos
):
    pattern = one_hot_pattern(key_of_query, 2 * L + has_bos)

    scores = head_scores_by_sequence(pattern, L, has_bos)[:, 0, 0]

    # Without BOS the second copy's first query is q = L, whose duplicate is position 0: also the
    # first token.
    shared = {"duplicate token": "first token", "first token": "duplicate token"}
    for name, score in zip(ROLES, scores.tolist(), strict=True):
        overlap = 0.25 if not has_bos and name == shared.get(role) else 0.0
        assert score == pytest.approx(1.0 if name == role else overlap)


@pytest.mark.parametrize(("has_bos", "queries"), [(True, [5, 6, 7, 8]), (False, [4, 5, 6, 7])])
def test_only_the_second_copys_queries_count(has_bos, queries):
    n_pos = 2 * L + has_bos
    weights = torch.arange(n_pos, dtype=torch.float) / 100
    pattern = torch.zeros(1, 1, n_pos, n_pos)
    pattern[0, 0, range(n_pos), range(n_pos)] = weights

    scores = head_scores_by_sequence(pattern, L, has_bos)[:, 0, 0]

    assert scores[ROLES.index("current token")] == pytest.approx(float(weights[queries].mean()))


@pytest.mark.shapes
def test_mean_and_standard_error_are_over_sequences():
    pattern = torch.zeros(2, 1, 2 * L + 1, 2 * L + 1)
    pattern[0, :, :, 0] = 0.2
    pattern[1, :, :, 0] = 0.6

    scores = head_scores([pattern, 0 * pattern], L)

    assert scores.mean.shape == scores.standard_error.shape == (len(ROLES), 2, 1)
    assert scores.values("first token") == pytest.approx(np.array([[0.4], [0.0]]))
    assert scores.errors("first token") == pytest.approx(
        np.array([[0.2], [0.0]])
    )  # sd .2 * sqrt 2, over sqrt 2
    assert (scores.copy_length, scores.n_sequences) == (L, 2)


def test_layers_and_heads_keep_their_places():
    pattern = torch.zeros(1, 3, 2 * L + 1, 2 * L + 1)
    marked = pattern.clone()
    marked[0, 2, :, 0] = 0.5

    first_token = head_scores([pattern, marked], L).values("first token")

    assert first_token == pytest.approx(np.array([[0, 0, 0], [0, 0, 0.5]]))


def test_a_pattern_of_the_wrong_length_is_refused_with_both_counts():
    with pytest.raises(ValueError, match=r"8 positions.* 9"):
        head_scores_by_sequence(torch.zeros(1, 1, 8, 8), L, has_bos=True)


def test_no_patterns_and_unknown_roles_are_refused():
    with pytest.raises(ValueError, match="no attention patterns"):
        head_scores([], L)
    scores = head_scores([torch.zeros(1, 1, 9, 9)], L)
    with pytest.raises(ValueError, match="'prefix'"):
        scores.values("prefix")


@pytest.fixture(scope="module")
def recorded():
    return json.loads((DEMO_FOLDER / "metrics.json").read_text(encoding="utf-8"))["heads"]


def hooked_scores(bridge, sequences, head=None, new_z=None):
    """(role, layer, sequence, head) from one hooked pass a sequence.

    With `head`, its z is what `new_z` makes of its layer's (pos, head, d_head).
    """
    seen = {}

    def keep(pattern, hook):
        seen[int(hook.name.split(".")[1])] = pattern[0].double().numpy()

    def overwrite(z, hook):
        z = z.clone()
        z[0, :, head.head] = new_z(z[0].clone())
        return z

    n_layers, length = len(bridge.blocks), sequences.copy_length
    hooks = [(f"blocks.{layer}.attn.hook_pattern", keep) for layer in range(n_layers)]
    if head is not None:
        hooks.append((f"blocks.{head.layer}.attn.hook_z", overwrite))
    found = []
    for ids in sequences.ids:
        with torch.inference_mode():
            bridge.run_with_hooks(ids[None], fwd_hooks=hooks)
        queries = np.arange(length + 1, 2 * length + 1)
        keys = [queries + back for back in (1 - length, -length, -1, 0)] + [0 * queries]
        found.append([[seen[layer][:, queries, k].mean(1) for layer in seen] for k in keys])
    return np.array(found).transpose(1, 2, 0, 3)


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES)
def test_measured_scores_are_those_of_the_patterns_that_hooks_read(loaded, oracle, family):
    model = loaded(family)
    sequences = sequences_for(model)
    assert sequences.has_bos
    expected = hooked_scores(oracle(family), sequences)
    for path in (model, replace(model, stack=None)):
        found = run_to_end(measure_head_scores(path))
        assert found.mean == pytest.approx(expected.mean(2), abs=1e-5)
        error = expected.std(2, ddof=1) / 20**0.5
        assert found.standard_error == pytest.approx(error, abs=1e-5)
        assert (found.copy_length, found.n_sequences) == (sequences.copy_length, 20)
        assert (found.seed, found.has_bos) == (0, True)


def new_z_of(kind, bridge, head, prompts, n_pos):
    if kind is AblationKind.MEAN:
        mean = reference_mean(bridge, prompts, n_pos)[head.layer, :, head.head]
        return lambda z: mean
    if kind is AblationKind.ZERO:
        return lambda z: torch.zeros_like(z[:, 0])
    return lambda z: z.mean(1)


WITHOUT = [
    (kind, family, head, ("processed", "raw")[(turn + i) % 2])
    for turn, kind in enumerate(
        (AblationKind.ZERO, AblationKind.MEAN_ACROSS_HEADS, AblationKind.MEAN)
    )
    for i, (family, head) in enumerate((("gpt2", Head(0, 1)), ("gemma2", Head(1, 3))))
]
"""Every kind on both families, and each of them with both weights."""


@pytest.mark.shapes
@pytest.mark.slow
@pytest.mark.parametrize(("kind", "family", "head", "weights"), WITHOUT)
def test_scores_without_a_head_are_those_of_a_hooked_pass_without_it(
    loaded, oracle, family, head, kind, weights
):
    model, bridge = loaded(family, weights), oracle(family, weights)
    sequences = sequences_for(model)
    prompts = [
        torch.tensor([tokenize_prompt(model.tokenizer, text, prepend_bos=True).ids])
        for text in REFERENCE
    ]
    new_z = new_z_of(kind, bridge, head, prompts, sequences.ids.shape[1])
    expected = hooked_scores(bridge, sequences, head, new_z).mean(2)
    clean = run_to_end(measure_head_scores(model))
    assert np.abs(expected - clean.mean).max() > 1e-3  # or nothing is tested
    for path in (model, replace(model, stack=None)):
        found = run_to_end(measure_scores_without(path, head, kind, REFERENCE))
        assert found.mean == pytest.approx(expected, abs=1e-4)
        # Nothing up to the head's own layer can have changed.
        assert found.mean[:, : head.layer + 1] == pytest.approx(
            clean.mean[:, : head.layer + 1], abs=1e-5
        )


def test_the_embedded_model_scores_what_is_recorded_with_it(demo, recorded):
    found = run_to_end(measure_head_scores(demo))
    for role in ROLES:
        for head, score in recorded["roles"][role].items():
            assert found.values(role)[Head.parse(head)] == pytest.approx(score, abs=2e-3)
    assert found.values("previous token")[0, 0] >= 0.9
    assert min(found.values("induction")[head] for head in INDUCTION) >= 0.8
    assert sorted(found.heads_in_role("induction")) == INDUCTION
    assert found.looks_like(Head(0, 0)) == "previous token"
    assert found.copying == pytest.approx(copying_scores(demo))


def test_without_its_previous_token_head_induction_collapses(demo, recorded):
    story = recorded["induction_score"]
    clean = run_to_end(measure_head_scores(demo)).values("induction")
    assert np.mean([clean[head] for head in INDUCTION]) == pytest.approx(story["clean"], abs=2e-3)
    found = run_to_end(measure_scores_without(demo, Head(0, 0), AblationKind.MEAN))
    assert np.mean([found.values("induction")[head] for head in INDUCTION]) < 0.1
    assert np.array_equal(found.copying, run_to_end(measure_head_scores(demo)).copying)
    # Its own pattern is made before its z: it still looks at the token before.
    assert found.values("previous token")[0, 0] == pytest.approx(0.9918, abs=2e-3)


def test_they_are_measured_once_and_every_share_is_said(loaded):
    model = replace(loaded("llama"))
    assert cached_head_scores(model) is None
    shares = []
    found = run_to_end(measure_head_scores(model), shares.append)
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0.0, 1.0)
    assert cached_head_scores(model) is found
    assert run_to_end(measure_head_scores(model)) is found
    shares = []
    run_to_end(
        measure_scores_without(replace(model), Head(0, 0), AblationKind.MEAN, REFERENCE),
        shares.append,
    )
    assert shares == sorted(shares)
    assert len(set(shares)) > 4
    assert 0 <= shares[0] < shares[-1] == 1


def test_batches_change_no_score(loaded, monkeypatch):
    model = loaded("gpt2")
    together = run_to_end(measure_head_scores(model))
    monkeypatch.setattr("core.circuits.measure_scores.STEP_FLOPS", 1.0)
    shares = []
    alone = run_to_end(measure_head_scores(replace(model)), shares.append)
    # Both ends, one sequence at a time, then copying: the words, and every layer.
    assert len(shares) == 2 + 20 + 1 + model.n_layers
    assert alone.copying == pytest.approx(together.copying)
    assert alone.mean == pytest.approx(together.mean, abs=1e-6)
    assert alone.standard_error == pytest.approx(together.standard_error, abs=1e-6)


def test_copying_is_left_out_where_the_circuits_cannot_be_read(loaded):
    assert run_to_end(measure_head_scores(loaded("gpt2"))).copying.shape == (3, 4)
    assert run_to_end(measure_head_scores(loaded("opt-post-norm"))).copying is None
    assert run_to_end(measure_head_scores(replace(loaded("gpt2"), stack=None))).copying is None


def test_what_cannot_be_measured_is_refused(loaded):
    model = loaded("gpt2")
    with pytest.raises(UnavailableError, match="context of 4 tokens"):
        run_to_end(measure_head_scores(replace(model, n_ctx=4)))
    tied = [kind for kind in AblationKind if kind.on_other_texts is not kind]
    assert tied == [AblationKind.MEAN_POSITIONAL, AblationKind.RESAMPLE]
    for kind in tied:
        with pytest.raises(InputError, match="random tokens have none") as refused:
            run_to_end(measure_scores_without(model, Head(0, 0), kind))
        assert refused.value.field == "ablation"
    with pytest.raises(InputError, match="no L3H0"):
        run_to_end(measure_scores_without(model, Head(3, 0), AblationKind.ZERO))

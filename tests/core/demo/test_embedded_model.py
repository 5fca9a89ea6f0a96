"""Every acceptance figure of the embedded model, measured on the shipped weights."""

import json
import random
from dataclasses import asdict

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from core.demo.ablate import KINDS, heads_ablated, reference_means, value_constant
from core.demo.corpus import MIXTURE, OPENING_MIXTURE, Corpus, held_out_ids
from core.demo.grammar import all_lines, expand
from core.demo.ioi import ioi_text
from core.demo.lexicon import PANGRAM_WORDS, all_words, held_out_names, held_out_words, names
from core.demo.measure import (
    IOI,
    PANGRAM,
    Embedded,
    heads_of,
    held_out_ioi,
    load,
    reference_set,
    repeated_word_prompts,
    task_figures,
)
from core.demo.recipe import MODEL_FOLDER, Recipe
from core.demo.story import effect_map, measure

pytestmark = pytest.mark.slow  # its figures take seconds, and change with the weights alone
MEGABYTE = 1_000_000


@pytest.fixture(scope="module")
def embedded() -> Embedded:
    return load(MODEL_FOLDER)


@pytest.fixture(scope="module")
def tasks(embedded):
    return task_figures(embedded)


@pytest.fixture(scope="module")
def heads(embedded):
    return measure(embedded)


@pytest.fixture(scope="module")
def recorded():
    return json.loads((MODEL_FOLDER / "metrics.json").read_text(encoding="utf-8"))


# The folder


def test_the_folder_is_small_and_holds_no_pickle():
    files = [path for path in MODEL_FOLDER.iterdir() if path.is_file()]
    assert sum(path.stat().st_size for path in files) <= 10 * MEGABYTE
    assert {path.suffix for path in files} == {".json", ".safetensors"}


def test_the_weights_are_float32_and_the_context_256(embedded):
    assert {p.dtype for p in embedded.model.parameters()} == {torch.float32}
    assert embedded.model.config.max_position_embeddings == 256


# The tokenizer


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=60))
def test_any_text_round_trips(text):
    tokenizer = load_tokenizer()
    assert tokenizer.decode(tokenizer(text, add_special_tokens=False).input_ids) == text


@pytest.mark.parametrize(
    "text", ["🦊🏽‍🚀", "שלום עולם", "مرحبا", "a\x00b\x1b\r\n\t", "  two  spaces ", "naïve 漢字"]
)
def test_awkward_text_round_trips(text):
    tokenizer = load_tokenizer()
    assert tokenizer.decode(tokenizer(text, add_special_tokens=False).input_ids) == text


def load_tokenizer(_cache=[]):  # noqa: B006 - hypothesis and fixtures of function scope do not mix
    if not _cache:
        _cache.append(load(MODEL_FOLDER).tokenizer)
    return _cache[0]


def test_every_listed_word_with_its_space_is_one_token(embedded):
    split = [w for w in all_words() if len(embedded.ids(f" {w}")) != 2]
    assert split == []
    assert len(all_words()) >= 1500


def test_sentence_starters_names_and_two_digits_are_one_token(embedded):
    pieces = [*names(), "The", "When", "Then", "After", " 17", "32", " 1999"[:3]]
    assert [piece for piece in pieces if len(embedded.ids(piece)) != 2] == []


def test_end_of_text_is_special_and_never_added_by_itself(embedded):
    tokenizer = embedded.tokenizer
    assert tokenizer.bos_token == tokenizer.eos_token == "<|endoftext|>"
    assert tokenizer.bos_token_id in tokenizer.all_special_ids
    assert tokenizer.bos_token_id not in tokenizer("The dog").input_ids


# What training never showed together


@pytest.fixture(scope="module")
def corpus(embedded):
    return Corpus(embedded.tokenizer, seed=3, n_documents=300)


@pytest.mark.shapes
@pytest.mark.parametrize("kind", MIXTURE)
def test_no_training_row_holds_two_held_out_words(corpus, embedded, kind):
    of = held_out_ids(embedded.tokenizer)
    rows = corpus.rows(kind, 40, 112)
    assert all(len({of[i] for i in row.ids.tolist() if i in of}) <= 1 for row in rows)
    assert any(
        i in of for row in rows for i in row.ids.tolist()
    )  # held-out words are seen, one at a time


def test_the_tests_are_made_of_held_out_words():
    pool = {*held_out_words(), *held_out_names()}
    assert set(PANGRAM_WORDS) <= pool
    assert all(set(w.prompt.split()) <= pool for w in repeated_word_prompts())
    assert all({i.answer, i.subject} <= pool for i in held_out_ioi())


def test_held_out_templates_are_never_trained_on():
    rng = random.Random(0)
    texts = [ioi_text(rng) for _ in range(1000)]
    assert not any(t.startswith("When") and "went to" in t and "gave the" in t for t in texts)
    assert any(t.startswith("When") and "went to" in t for t in texts)
    assert any("gave the" in t for t in texts)


def test_every_line_of_the_grammar_fills_all_its_slots():
    rng = random.Random(0)
    for line in all_lines():
        assert not set("{}|/+") & set(expand(line, rng)), line


def test_mixtures_are_shares():
    assert sum(MIXTURE.values()) == pytest.approx(1)
    assert sum(OPENING_MIXTURE.values()) == pytest.approx(1)


# What it can do


def test_it_repeats_held_out_words(tasks):
    assert tasks["repeated_words"] >= 0.8
    assert tasks["repeated_words_without_first_copy"] < 0.05


def test_the_pangram_by_induction(tasks):
    assert tasks["pangram"] >= 0.8
    assert tasks["pangram_without_first_copy"] < 0.05


def test_indirect_objects_in_both_orders(tasks):
    assert tasks["ioi_canonical"] >= 0.6
    for order in ("ioi_subject_first", "ioi_subject_second"):
        assert tasks[order] >= 0.6
        assert tasks[f"{order}_right_above_wrong"] >= 0.9


# Which heads do it


def layer_of(label: str) -> int:
    return int(label[1 : label.index("H")])


def test_a_previous_token_head_sits_below_two_induction_heads(heads):
    assert len(heads["induction_heads"]) >= 2
    first = min(map(layer_of, heads["previous_token_heads"]))
    assert sum(layer_of(head) > first for head in heads["induction_heads"]) >= 2


def test_mean_ablating_the_named_previous_token_head_starves_induction(heads):
    score = heads["induction_score"]
    assert score["clean"] >= 0.6
    assert min(score["after_mean_ablating"].values()) <= score["clean"] * 2 / 3


@pytest.mark.parametrize("kind", ["mean-across-heads", "zero", "mean"])
def test_one_induction_head_alone_costs_the_pangram_ten_points(heads, kind):
    effects = heads["effects"]["pangram"][kind]
    assert min(effects[head] for head in heads["induction_heads"]) <= -0.10


@pytest.mark.parametrize("kind", ["mean-across-heads", "zero", "mean"])
def test_without_its_induction_heads_the_pangram_is_gone(heads, kind):
    assert heads["pangram_all_induction_heads_ablated"][kind] < 0.1


def test_every_layer_has_a_head_that_some_prompt_needs(heads, embedded):
    effects = [by_kind["mean-across-heads"] for by_kind in heads["effects"].values()]
    for layer in range(embedded.model.config.num_hidden_layers):
        in_layer = [abs(e[h]) for e in effects for h in e if layer_of(h) == layer]
        assert max(in_layer) >= 0.05, f"layer {layer} does nothing"


@pytest.mark.shapes
@pytest.mark.parametrize("kind", KINDS)
def test_a_heads_effect_is_that_of_ablating_it_alone(embedded, kind):
    means = reference_means(embedded.model, reference_set(embedded, count=2))
    effects = effect_map(embedded, IOI, " Mary", kind, means)
    clean = embedded.prob(IOI, " Mary")
    assert len(effects) == len(heads_of(embedded))
    for effect, head in zip(effects, heads_of(embedded), strict=True):
        with heads_ablated(embedded.model, [head], kind, means):
            assert effect == pytest.approx(embedded.prob(IOI, " Mary") - clean, abs=1e-6)


# What is recorded


def assert_close(measured, recorded, path=""):
    if isinstance(measured, dict):
        assert measured.keys() == recorded.keys(), path
        for key, value in measured.items():
            assert_close(value, recorded[key], f"{path}/{key}")
    elif isinstance(measured, float):
        # Float sums differ between CPUs and thread counts; probabilities by far less than this.
        assert measured == pytest.approx(recorded, abs=2e-3), path
    else:
        assert measured == recorded, path


def test_the_recorded_figures_are_the_measured_ones(tasks, heads, recorded):
    assert_close(tasks, recorded["tasks"])
    assert_close(heads, recorded["heads"])
    assert recorded["recipe"] == asdict(Recipe())
    assert recorded["seconds"] > 0


# The ablations that measured it


def test_zero_ablation_equals_zeroing_the_rows_of_w_o_up_to_the_value_constant(embedded):
    ids = embedded.ids(PANGRAM)
    with heads_ablated(embedded.model, [(1, 0)], "zero"):
        ablated = embedded.next_probs(ids)
    model = load(MODEL_FOLDER)
    attention = model.model.gpt_neox.layers[1].attention
    d_head = attention.dense.weight.shape[1] // model.model.config.num_attention_heads
    with torch.no_grad():
        constant = value_constant(model.model, 1)[0]
        attention.dense.bias += attention.dense.weight[:, :d_head] @ constant
        attention.dense.weight[:, :d_head] = 0
    torch.testing.assert_close(ablated, model.next_probs(ids), atol=1e-5, rtol=1e-4)


def test_ablating_nothing_changes_nothing_and_no_hook_stays(embedded):
    clean = embedded.next_probs(embedded.ids(PANGRAM))
    with heads_ablated(embedded.model, [], "zero"):
        assert torch.equal(embedded.next_probs(embedded.ids(PANGRAM)), clean)
    with heads_ablated(embedded.model, [(0, 0), (1, 1)], "zero"):
        assert not torch.equal(embedded.next_probs(embedded.ids(PANGRAM)), clean)
    assert torch.equal(embedded.next_probs(embedded.ids(PANGRAM)), clean)

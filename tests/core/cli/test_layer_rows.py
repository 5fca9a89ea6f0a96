"""Whole layers and MLPs in what `headsweep sweep` prints, beside plain transformers."""

import csv
import io
import json
import re

import pytest
import torch
from support import checkpoints
from transformers import AutoModelForCausalLM, AutoTokenizer

from core.exports.data import read_json
from core.results.result import COLUMNS
from core.results.table_rows import Rows

ZERO = ("--prompt", checkpoints.TEXT, "--target", " jumps", "--ablation", "zero", "--fresh")


@pytest.fixture
def folder(checkpoint):
    return checkpoint("gpt2")


@pytest.fixture
def printed(inside, folder):
    def call(*arguments):
        done = inside("sweep", "--model", folder, *ZERO, "--weights", "raw", *arguments)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    return call


@pytest.mark.slow
def test_rows_are_what_plain_hooks_measure(printed, folder):
    """Raw weights and zero ablation: a layer's z, or its MLP's output, is 0."""
    rows = {
        row["label"]: row
        for row in csv.DictReader(io.StringIO(printed("--format", "csv", "--rows", "layers")))
    }
    model = AutoModelForCausalLM.from_pretrained(folder).eval()
    words = AutoTokenizer.from_pretrained(folder)
    ids = torch.tensor([[words.bos_token_id, *words(checkpoints.TEXT).input_ids]])
    (target,) = words(" jumps").input_ids

    def logprob(module=None, hook=None, before=False):
        register = module and (
            module.register_forward_pre_hook if before else module.register_forward_hook
        )
        handle = register(hook) if module else None
        with torch.inference_mode():
            found = model(ids).logits[0, -1].double().log_softmax(-1)[target]
        if handle is not None:
            handle.remove()
        return float(found)

    clean = logprob()
    assert len(rows) == 2 * len(model.transformer.h)
    for layer, block in enumerate(model.transformer.h):
        z = logprob(block.attn.c_proj, lambda _, given: (torch.zeros_like(given[0]),), before=True)
        mlp = logprob(block.mlp, lambda _, __, out: torch.zeros_like(out))
        for label, measured in ((f"L{layer} attention", z), (f"L{layer} MLP", mlp)):
            row = rows[label]
            assert (row["layer"], row["head"]) == (str(layer), "")
            assert float(row["logprob_change"]) == pytest.approx(measured - clean, abs=1e-4)


def test_old_readers_get_what_they_got(printed):
    """Without the option the CSV has heads only; with it the same lines come first."""
    heads = printed("--format", "csv").splitlines()
    assert heads[0] == ",".join(COLUMNS)
    both = printed("--format", "csv", "--rows", "all").splitlines()
    labels = [row["label"] for row in csv.DictReader(both)]
    assert [row["label"] for row in csv.DictReader(heads)] == labels[: len(heads) - 1]
    assert labels[len(heads) - 1 :][:2] == ["L0 attention", "L0 MLP"]
    assert "margins" not in json.loads(printed("--format", "json"))


@pytest.mark.slow
def test_json_has_them_as_an_export_has_and_opens_again(printed):
    text = printed("--format", "json", "--layers")
    read = read_json("run.json", text.encode())
    assert read.layer_effects.to_dict() == json.loads(text)["margins"]
    assert len(read.layer_effects.mlp) == read.result.shape[0]


@pytest.mark.parametrize("rows", [None, *Rows])
def test_the_table_has_the_rows_asked_for(printed, rows):
    lines = printed(*(() if rows is None else ("--rows", rows))).splitlines()
    labels = " ".join(line[:14] for line in lines)
    assert ("L0 MLP" in labels) == (rows in (Rows.LAYERS, Rows.ALL))
    assert ("L0H0" in labels) == (rows is not Rows.LAYERS)


@pytest.mark.slow
def test_layers_without_mlps_say_why(inside):
    """In silence there were rows of attention only; the page said why."""
    prompt = ("--prompt", "The quick brown fox. The quick brown", "--target", " fox", "--layers")
    why = "An MLP has no heads to average over."
    table = inside("sweep", *prompt)
    assert (table.returncode, table.stderr) == (0, "")
    assert f"No rows of MLPs: {why}" in table.stdout
    data = inside("sweep", *prompt, "--format", "json")
    assert data.returncode == 0
    assert data.stderr.splitlines()[-1] == f"headsweep: --layers: no MLPs. {why}"
    assert json.loads(data.stdout)["margins"]["mlp"] == [None] * 3


@pytest.mark.slow
def test_a_table_of_tiny_probabilities_shows_what_moved(inside):
    """Every row had "P after 0.00, change 0.00"."""
    prompt = ("--prompt", "When John and Mary went to the shops, John gave the bag to")
    done = inside("sweep", *prompt, "--target", " Mary and John", "--ablation", "mean")
    assert done.returncode == 0
    rows = [line.split() for line in done.stdout.splitlines() if re.match(r"L\dH\d +[\d.]+", line)]
    assert len(rows) == 12
    for _, after, change, *_ in rows:
        assert float(after.replace("−", "-")) > 0
        assert float(change.replace("−", "-")) != 0

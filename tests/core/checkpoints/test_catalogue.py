"""Names, aliases, and what is a path."""

import json

import pytest

from core.checkpoints import catalogue


def test_every_name_leads_to_one_entry():
    names = [
        name for known in catalogue.CATALOGUE for name in (known.name, known.source, *known.aliases)
    ]
    assert len(set(names)) == len(names)
    for known in catalogue.CATALOGUE:
        for name in (known.name, known.source, *known.aliases):
            assert catalogue.entry(name) is known
            assert catalogue.canonical(name) == known.name


def test_other_names_stay_what_they_are():
    assert catalogue.entry("someone/else") is None
    assert catalogue.canonical("./my-model") == "./my-model"


def test_shapes_are_the_published_ones():
    shapes = {known.name: (known.n_layers, known.n_heads) for known in catalogue.CATALOGUE}
    assert shapes["gpt2"] == (12, 12)
    assert shapes["gpt2-xl"] == (48, 25)
    assert shapes["pythia-70m"] == (6, 8)
    assert catalogue.entry("gpt2").n_all_heads == 144


def test_the_embedded_model_is_described_as_it_is():
    known = catalogue.entry("demo")
    config = json.loads((catalogue.DEMO_FOLDER / "config.json").read_text())
    assert known is catalogue.CATALOGUE[0]
    assert known.download_mb == 0
    assert known.source == str(catalogue.DEMO_FOLDER)
    assert (known.n_layers, known.n_heads) == (
        config["num_hidden_layers"],
        config["num_attention_heads"],
    )


@pytest.mark.parametrize(
    ("name", "bos"),
    [
        ("gpt2", True),
        ("gpt2-small", True),
        ("openai-community/gpt2-large", True),
        ("pythia-70m", True),
        ("EleutherAI/pythia-2.8b", True),
        ("EleutherAI/gpt-neo-125m", None),
        ("bigscience/bloom-560m", None),
        ("./gpt2-mine", None),
    ],
)
def test_bos_as_the_catalogue_chooses_it(name, bos):
    assert catalogue.default_prepend_bos(name) is bos


def test_a_path_is_told_from_a_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine").mkdir()
    for name in ("./mine", "../x", "/x", "~/x", "a/b/c", "mine"):
        assert catalogue.is_path(name), name
    for name in ("gpt2", "openai-community/gpt2", "not-there", "a\x00b", "x" * 5000, "\ud800"):
        assert not catalogue.is_path(name), name

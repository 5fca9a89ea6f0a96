"""Every region of every file that is read, changed in every way: opened as it says, or a sentence.

Every run draws the same changes, those of HOSTILE_SEED where it is set (0 where it is not): another
number tries others, and tries them again.
"""

import json
import os
import random
import shutil
from urllib.parse import parse_qs

import pytest
from support.frozen import V1, links
from support.mutations import mutations

from core.checkpoints.loading import load_model
from core.errors import InputError
from core.exports.data import read_json, to_json
from core.exports.links import from_params, run_id
from core.spec import reference_set
from core.spec.spec import SweepSpec

SEED = int(os.environ.get("HOSTILE_SEED") or 0)
EXPORTS = ("export/foil.json", "export/mean-own-reference.json")
MODEL_FILES = ("config.json", "tokenizer.json", "tokenizer_config.json")
DIGITS = set(b"0123456789")


def refused(error: Exception) -> None:
    said = str(error)
    assert said.endswith((".", "?", ")")), said
    assert len(said) < 2_000
    assert "Traceback" not in said
    said.encode()


@pytest.mark.slow
@pytest.mark.parametrize("name", EXPORTS)
def test_an_export_opens_whole_or_not_at_all(name, tried):
    for raw in mutations((V1 / name).read_bytes(), SEED):
        try:
            read = read_json("mine.json", raw)
        except InputError as error:
            refused(error)
        else:
            again = to_json(read.result, read.layer_effects, read.label).encode()
            assert read_json("mine.json", again) == read
        tried()


def test_a_link_gives_a_spec_or_a_sentence(tried):
    for number, link in enumerate(links()):
        query = link["address"].partition("?")[2].encode()
        for raw in mutations(query, SEED + number, regions=4):
            params = parse_qs(raw.decode("latin-1"), keep_blank_values=True)
            for read in (from_params, run_id):
                try:
                    found = read(params)
                except InputError as error:
                    refused(error)
                else:
                    assert found is None or isinstance(found, SweepSpec | str)
            tried()


def test_a_reference_file_gives_texts_or_a_sentence(tried):
    raw = "\n".join(f"The {word} sat on the mat, é {word}." for word in ["cat", "dog", "bird"])
    for changed in mutations(raw.encode(), SEED, regions=16):
        try:
            found = reference_set.from_bytes("mine.txt", changed)
        except InputError as error:
            refused(error)
        else:
            assert all(found.texts)
        tried()


@pytest.mark.slow
@pytest.mark.parametrize("name", MODEL_FILES)
def test_a_model_s_folder_is_loaded_or_refused_with_a_sentence(name, checkpoint, tmp_path, tried):
    """Digits stay: how large a model says that it is, is another test's."""
    folder = tmp_path / "model"
    shutil.copytree(checkpoint("gpt2"), folder)
    if not (folder / name).exists():
        pytest.skip(f"this checkpoint has no {name}")
    whole = (folder / name).read_bytes()
    drawn = random.Random(SEED)
    every = [raw for raw in mutations(whole, SEED, regions=16) if digits(raw) == digits(whole)]
    for raw in drawn.sample(every, min(8, len(every))):
        (folder / name).write_bytes(raw)
        try:
            load_model(str(folder), device="cpu")
        except InputError as error:
            refused(error)
        tried()


def digits(raw: bytes) -> bytes:
    return bytes(each for each in raw if each in DIGITS)


def test_the_same_seed_gives_the_same_changes():
    raw = json.dumps(list(range(200))).encode()
    assert list(mutations(raw, 3)) == list(mutations(raw, 3)) != list(mutations(raw, 4))
    assert all(each != raw for each in mutations(raw, 3) if len(each) != len(raw))

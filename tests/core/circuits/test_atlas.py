"""The atlas, held to the published lists spelled out once more, and its checks to what is wrong."""

import copy
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from core.checkpoints import catalogue
from core.circuits import atlas
from core.spec.heads import Head

ROOT = Path(__file__).parents[3]
IOI = ("Wang et al. 2022", "2211.00593", "indirect object identification", True)
ACRONYMS = ("García-Carrasco et al. 2024", "2405.04156", "acronyms", False)
REUSE = (
    "Merullo et al. 2023",
    "2310.08744",
    "indirect object identification and coloured objects",
    False,
)
LISTS = {
    "gpt2": [
        ("name mover", "9.9 10.0 9.6", *IOI),
        ("backup name mover", "10.10 10.6 10.2 10.1 11.2 9.7 9.0 11.9", *IOI),
        ("negative name mover", "10.7 11.10", *IOI),
        ("S-inhibition", "7.3 7.9 8.6 8.10", *IOI),
        ("induction", "5.5 5.8 5.9 6.9", *IOI),
        ("duplicate token", "0.1 0.10 3.0", *IOI),
        ("previous token", "2.2 4.11", *IOI),
        (
            *("induction", "5.1 5.5 6.9 7.2 7.10"),
            *("No paper named", None, "repeated random tokens", False),
        ),
        (
            *("copy suppression", "10.7"),
            *("McDougall et al. 2023", "2310.04625", "copy suppression", True),
        ),
        (
            *("greater-than", "0.1 0.3 0.5 5.5 6.1 6.9 7.10 8.11 9.1"),
            *("Hanna et al. 2023", "2305.00586", "greater-than", True),
        ),
        ("previous token", "1.0 2.2 4.11", *ACRONYMS),
        ("in the acronym circuit", "5.8", *ACRONYMS),
        ("letter mover", "8.11 9.9 10.10 11.4", *ACRONYMS),
        ("successor", "9.1", "No paper named", None, "succession", False),
        ("feeds the successor", "4.4 7.11", "No paper named", None, "succession", False),
    ],
    "gpt2-medium": [
        ("mover", "15.14 16.15 17.4 18.5 19.15", *REUSE),
        ("induction", "9.3", *REUSE),
        ("duplicate token", "6.4", *REUSE),
        ("negative mover", "19.1", *REUSE),
    ],
}


def raw():
    return json.loads(atlas.PATH.read_text(encoding="utf-8"))


def dotted(head):
    return f"{head.layer}.{head.head}"


@pytest.mark.parametrize("model", LISTS)
def test_the_lists_are_the_published_ones_and_no_others(model):
    found = [
        (e.role, " ".join(map(dotted, e.heads)), e.source, e.arxiv, e.task, e.verified)
        for e in atlas.published(model)
    ]
    assert found == LISTS[model]


def test_no_other_model_has_a_list():
    assert raw()["models"].keys() == LISTS.keys()
    for known in catalogue.CATALOGUE:
        assert bool(atlas.published(known.name)) == (known.name in LISTS)
    assert atlas.published("/some/folder/gpt2") == ()


@pytest.mark.parametrize("name", ["gpt2-small", "openai-community/gpt2", "gpt2"])
def test_every_name_of_a_model_finds_its_list(name):
    assert atlas.published(name) == atlas.published("gpt2")
    assert atlas.published(name) != atlas.published("gpt2-medium")


def test_every_entry_can_be_cited_and_says_whether_its_paper_was_read():
    for entry in (e for model in LISTS for e in atlas.published(model)):
        assert entry.source in entry.citation
        assert ("secondary source" in entry.citation) == (not entry.verified)
        assert bool(re.search(r"arXiv:\d{4}\.\d{5}", entry.citation)) == (entry.arxiv is not None)
        assert re.search(r" et al\. 20\d\d$", entry.source) or not entry.arxiv
    (suppression,) = (e for e in atlas.published("gpt2") if e.letter == "C")
    assert suppression.citation == "McDougall et al. 2023, arXiv:2310.04625"
    assert atlas.published("gpt2-medium")[0].citation == (
        "Merullo et al. 2023, arXiv:2310.08744 (read in a secondary source)"
    )


def test_letters_and_roles_are_one_to_one_across_models():
    pairs = {(e.letter, e.role) for model in LISTS for e in atlas.published(model)}
    assert len({letter for letter, _ in pairs}) == len({role for _, role in pairs}) == len(pairs)
    assert {len(letter) for letter, _ in pairs} <= {1, 2}


def test_a_head_has_all_its_roles_and_each_letter_once():
    roles = [entry.role for entry in atlas.roles_of("gpt2", Head(6, 9))]
    assert roles == ["induction", "induction", "greater-than"]
    letters = atlas.letters("gpt2")
    assert letters[Head(6, 9)] == "I,G"
    assert letters[Head(10, 7)] == "Ng,C"
    assert letters[Head(9, 6)] == "N"
    assert letters[Head(4, 11)] == "P"
    assert Head(0, 0) not in letters
    assert atlas.roles_of("gpt2", Head(0, 0)) == ()
    assert letters.keys() == {h for entry in atlas.published("gpt2") for h in entry.heads}
    assert atlas.letters("demo") == {}


def test_the_legend_has_every_letter_of_the_model_and_no_other():
    legend = atlas.legend("gpt2-medium")
    assert legend == (
        ("M", "mover"),
        ("I", "induction"),
        ("D", "duplicate token"),
        ("Nm", "negative mover"),
    )
    small = atlas.legend("gpt2")
    assert len(small) == len(set(small)) == 13
    used = {letter for own in atlas.letters("gpt2").values() for letter in own.split(",")}
    assert used == {letter for letter, _ in small}
    assert atlas.legend("demo") == ()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"heads": ["L12H0"]}, "entry 1 of gpt2 has L12H0"),
        ({"heads": ["L0H12"]}, "has L0H12, which gpt2 has not"),
        ({"heads": ["L9H9", "9.9"]}, "names a head twice"),
        ({"heads": ["nine"]}, "'nine' is not a head"),
        ({"heads": []}, r"has \[\] as its heads"),
        ({"role": ""}, "has '' as its role"),
        ({"source": 2022}, "has 2022 as its source"),
        ({"verified": "yes"}, "has 'yes' as its verified"),
        ({"arxiv": "2211.593"}, "'2211.593' as its arXiv number"),
        ({"arxiv": None}, "verified and names no paper"),
        ({"letter": "NMH"}, "two characters are the most"),
        ({"letter": "B"}, "letter 'B' has two roles"),
        ({"role": "S-inhibition"}, "role 'S-inhibition' has two letters"),
        ({"year": 2022}, "does not have the fields"),
    ],
)
def test_a_slip_in_the_data_is_said(changes, message):
    wrong = copy.deepcopy(raw())
    atlas.read(wrong)
    wrong["models"]["gpt2"][0].update(changes)
    with pytest.raises(ValueError, match=message):
        atlas.read(wrong)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ([], 'not an object with "models"'),
        ({"models": []}, 'not an object with "models"'),
        ({"models": {"gpt2-small": []}}, "'gpt2-small', which is no model of the catalogue"),
        ({"models": {"gpt2": [{}]}}, "does not have the fields role"),
    ],
)
def test_another_shape_is_said(wrong, message):
    with pytest.raises(ValueError, match=message):
        atlas.read(wrong)


@pytest.mark.slow
def test_reading_roles_imports_no_torch():
    code = (
        "import sys, core.circuits.head_scores; from core.circuits import atlas; "
        "atlas.letters('gpt2');"
        "sys.exit('torch' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)

"""The atlas: published roles of heads, with source and task, to be shown beside measured scores.

A paper's finding on its own task is not a measurement on the current prompt and never replaces
one. A model without published roles has no entries. Imports no torch.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from core.checkpoints import catalogue
from core.spec.heads import Head

PATH = Path(__file__).with_suffix(".json")

_ARXIV = re.compile(r"\d{4}\.\d{4,5}")
_FIELDS = {
    "role": str,
    "letter": str,
    "heads": list,
    "source": str,
    "arxiv": str | None,
    "task": str,
    "verified": bool,
    "note": str,
}
_MAY_BE_EMPTY = {"arxiv", "note"}

Atlas = Mapping[str, tuple["Published", ...]]
"""Entries by model, under the name that the catalogue gives it."""


@dataclass(frozen=True)
class Published:
    """The heads to which a paper gives one role on one task.

    `letter` stands for the role in figures and is the same in every model. `source` is authors and
    year. If `verified` is false the list comes from a secondary source and not from the paper
    itself; `arxiv` is None if that source names no paper.
    """

    role: str
    letter: str
    heads: tuple[Head, ...]
    source: str
    arxiv: str | None
    task: str
    verified: bool
    note: str

    @property
    def citation(self) -> str:
        """Authors, year and arXiv number, and whether the paper itself was read."""
        if self.arxiv is None:
            return f"{self.source}: read in a secondary source"
        cited = f"{self.source}, arXiv:{self.arxiv}"
        return cited if self.verified else f"{cited} (read in a secondary source)"


def published(model_name: str) -> tuple[Published, ...]:
    """The published roles of a model's heads; () if there are none."""
    return _atlas().get(catalogue.canonical(model_name), ())


def roles_of(model_name: str, head: Head) -> tuple[Published, ...]:
    """The entries that contain a head, in the atlas's order."""
    return tuple(entry for entry in published(model_name) if head in entry.heads)


def letters(model_name: str) -> dict[Head, str]:
    """The letters of every head that has a role, such as "N" or "P,G", in the atlas's order."""
    letters_of: dict[Head, list[str]] = {}
    for entry in published(model_name):
        for head in entry.heads:
            known = letters_of.setdefault(head, [])
            if entry.letter not in known:
                known.append(entry.letter)
    return {head: ",".join(known) for head, known in letters_of.items()}


def legend(model_name: str) -> tuple[tuple[str, str], ...]:
    """(letter, role) of every role in the model's entries, in the atlas's order."""
    return tuple(dict.fromkeys((entry.letter, entry.role) for entry in published(model_name)))


@cache
def _atlas() -> Atlas:
    return read(json.loads(PATH.read_text(encoding="utf-8")))


def read(raw: Any) -> Atlas:
    """The atlas from parsed JSON. Raises `ValueError`, which names the invalid entry."""
    if not isinstance(raw, dict) or not isinstance(raw.get("models"), dict):
        raise ValueError('the atlas is not an object with "models"')
    atlas: dict[str, tuple[Published, ...]] = {}
    for model, entries in raw["models"].items():
        known = catalogue.entry(model)
        if known is None or known.name != model:
            raise ValueError(f"the atlas has {model!r}, which is no model of the catalogue")
        atlas[model] = tuple(
            _entry(raw_entry, known, f"the atlas's entry {number} of {model}")
            for number, raw_entry in enumerate(entries, 1)
        )
    _check_letters([entry for entries in atlas.values() for entry in entries])
    return MappingProxyType(atlas)


def _entry(raw: Any, model: catalogue.CatalogueEntry, where: str) -> Published:
    if not isinstance(raw, dict) or raw.keys() != _FIELDS.keys():
        raise ValueError(f"{where} does not have the fields {', '.join(_FIELDS)}")
    for name, kind in _FIELDS.items():
        value = raw[name]
        if not isinstance(value, kind) or (value in ("", []) and name not in _MAY_BE_EMPTY):
            raise ValueError(f"{where} has {value!r} as its {name}")
    heads = _heads(raw["heads"], model, where)
    entry = Published(**{**raw, "heads": heads})
    if len(entry.letter) > 2:
        raise ValueError(f"{where} has the letter {entry.letter!r}: two characters are the most")
    if entry.arxiv is None and entry.verified:
        raise ValueError(f"{where} is verified and names no paper")
    if entry.arxiv is not None and not _ARXIV.fullmatch(entry.arxiv):
        raise ValueError(f"{where} has {entry.arxiv!r} as its arXiv number")
    return entry


def _heads(labels: list[Any], model: catalogue.CatalogueEntry, where: str) -> tuple[Head, ...]:
    heads = tuple(Head.parse(str(label)) for label in labels)
    for head in heads:
        if head.layer >= model.n_layers or head.head >= model.n_heads:
            raise ValueError(f"{where} has {head.label}, which {model.name} has not")
    if len(set(heads)) < len(heads):
        raise ValueError(f"{where} names a head twice")
    return heads


def _check_letters(entries: list[Published]) -> None:
    """Every role has one letter and every letter one role, over all models."""
    pairs = {(entry.letter, entry.role) for entry in entries}
    for index, what in enumerate(("letter", "role")):
        seen: set[str] = set()
        for pair in sorted(pairs):
            if pair[index] in seen:
                other = "roles" if what == "letter" else "letters"
                raise ValueError(f"the atlas's {what} {pair[index]!r} has two {other}")
            seen.add(pair[index])

"""Which kept runs one would lay beside a sweep: the same question, with one thing changed."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

from core.checkpoints import catalogue
from core.spec.spec import SweepSpec
from core.store.conditions import LONGEST_SEARCH
from core.store.result_kinds import SWEEPS
from core.store.rows import storable
from core.store.run import Query, Summary, answer_text
from core.store.store import Store
from core.store.sweeps import SHOWN_PROMPT

MOST = 5
"""Partners that are offered."""
_LOOKED_AT = 200
"""Runs of each search that are looked at, the newest."""
_SHOWN = 60


class _Changed(IntEnum):
    """What is changed, the likeliest first."""

    KIND = 0
    MODEL = 1
    COPY = 2
    PLACE = 3


@dataclass(frozen=True)
class Partner:
    """A kept run, and what it is to the sweep in a few words."""

    run_id: str
    words: str


def likely_partners(
    store: Store, spec: SweepSpec, shape: tuple[int, int], own_id: str | None
) -> tuple[Partner, ...]:
    """Up to `MOST` kept runs that differ from a resolved spec's sweep in one thing.

    They are of the same shape (layers, heads a layer), else they could not be compared. `own_id`
    names the sweep itself where it is kept.
    """
    found: dict[str, tuple[_Changed, float, str]] = {}
    for line in _candidates(store, spec, shape):
        if line.id != own_id and (said := _changed(spec, line)) is not None:
            changed, words = said
            if words not in found or found[words][1] < line.created:
                found[words] = changed, line.created, line.id
    ordered = sorted(found.items(), key=lambda item: (item[1][0], -item[1][1]))
    return tuple(Partner(run_id, words) for words, (_, _, run_id) in ordered[:MOST])


def _candidates(store: Store, spec: SweepSpec, shape: tuple[int, int]) -> Iterator[Summary]:
    """Runs whose prompt has the same words, and the newest on the same model by the same kind."""
    same_words = Query(
        text=spec.prompt[:LONGEST_SEARCH].rpartition(" ")[0] or spec.prompt, shape=shape
    )
    alike = Query(model=spec.model, ablation=spec.ablation.value, shape=shape)
    for query in (same_words, alike):
        yield from store.page(SWEEPS, query, most=_LOOKED_AT).lines


def _changed(spec: SweepSpec, line: Summary) -> tuple[_Changed, str] | None:
    """The one thing in which a kept run differs, in words; None where it is none or several."""
    prompt, target = storable(spec.prompt[:SHOWN_PROMPT]), storable(answer_text(spec.target))
    same_model = catalogue.canonical(line.model) == spec.model
    same_kind = line.ablation == spec.ablation.value
    where = f", {spec.where_in_words()}"
    by = spec.in_words().removesuffix(where)
    if line.target != target:
        return None
    if line.prompt == prompt:
        match same_model, same_kind, line.words.endswith(where):
            case True, False, True:
                kind = line.words.removesuffix(where)
                return _Changed.KIND, f"the same prompt under {kind}"
            case False, True, True:
                return _Changed.MODEL, f"the same prompt on {line.model}"
            case True, True, False if line.words.startswith(f"{by}, "):
                return _Changed.PLACE, f"the same at {line.words.removeprefix(f'{by}, ')}"
        return None
    if not (same_model and line.words == spec.in_words()):
        return None
    if _is_second_copy(line.prompt, prompt):
        return _Changed.COPY, f"without its first copy: “{_shown(line.prompt)}”"
    if _is_second_copy(prompt, line.prompt):
        return _Changed.COPY, f"with a first copy: “{_shown(line.prompt)}”"
    return None


def _is_second_copy(text: str, of: str) -> bool:
    """Whether a prompt is what another ends with and begins with: its control, without the rest."""
    return 0 < len(text) < len(of) < SHOWN_PROMPT and of.startswith(text) and of.endswith(text)


def _shown(prompt: str) -> str:
    return prompt if len(prompt) <= _SHOWN else f"{prompt[: _SHOWN - 1]}…"

"""Variants of a prompt: the same task in other words, its target and foil changed with them.

Two ways keep the task: a prompt that repeats itself gets other random words in the same pattern,
and a prompt about two names gets other names. Variants of one's own are read from text.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

from core.demo.lexicon import names
from core.errors import InputError
from core.model.loaded import LoadedModel
from core.prompts.names import name_pattern, two_names
from core.prompts.random_text import exact_text, generator, text_pool
from core.prompts.repeats import Repeat, find_repeat
from core.prompts.tokens import TokenizedAnswer, encode, token_text
from core.spec.answer import Answer
from core.spec.heads import shortened
from core.spec.spec import SweepSpec
from core.sweep.prepare import Prepared, prepare

MOST = 50
"""Variants of one prompt."""

NO_VARIANTS = (
    "No variant of this prompt can be made: neither does it repeat words and ask for the one that "
    "followed, nor does its target name one of two people whose names can be changed. You can give "
    "variants of your own, each with its target, under any ablation but resample."
)

ONLY_MADE = (
    "Under resample ablation only variants that Headsweep makes are measured: one of your own "
    "would need a corrupted prompt of its own."
)

MAX_CHARACTERS = 20_000
"""Of the text that gives variants of one's own."""

_FIELD = "variants"

_TRIES = 40
"""Draws for each variant that is asked for."""

_Changes = dict[str, Any]
"""Fields of a spec that a variant has otherwise."""


def variants(
    model: LoadedModel, spec: SweepSpec, count: int = 5, seed: int = 0
) -> tuple[SweepSpec, ...]:
    """Up to `count` variants, each with as many tokens as `spec`; `NO_VARIANTS` says why none.

    Everything else stays as in `spec`; its corrupted prompt is changed alike. The same for the
    same `seed`. Raises `InputError` for a count out of range and a spec that does not fit.
    """
    if not 1 <= count <= MOST:
        raise InputError("count", f"{count} variants: ask for 1 to {MOST}.")
    original = prepare(model, spec)
    found: dict[SweepSpec, None] = {}  # in their order
    for changes in islice(_draws(model, original, seed), _TRIES * count):
        variant = _variant(model, original, changes)
        if variant is not None:
            found[variant] = None
        if len(found) == count:
            break
    return tuple(found)


def parse_variants(text: str, spec: SweepSpec) -> tuple[SweepSpec, ...]:
    """Variants of one's own: `prompt => target` a line, otherwise as `spec`, without its foil.

    The last "=>" divides. Spaces after it belong to the target, or it shows its own as ␣, which
    stand for them; white space at the end of either goes. Empty lines are skipped. Raises
    `InputError` (field "variants") that names the line, and for `resample` in `ONLY_MADE`'s words.
    """
    return tuple(variant for _, _, variant in _parsed(text, spec))


def own_variants(model: LoadedModel, text: str, spec: SweepSpec) -> tuple[SweepSpec, ...]:
    """`parse_variants`, each found to fit the model; raises `InputError` that names the line."""
    parsed = _parsed(text, spec)
    for number, line, variant in parsed:
        try:
            prepare(model, variant)
        except InputError as error:
            raise _bad(number, line, str(error)) from error
    return tuple(variant for _, _, variant in parsed)


def _parsed(text: str, spec: SweepSpec) -> list[tuple[int, str, SweepSpec]]:
    """Each line that is not empty, by its number, and the variant it gives."""
    if len(text) > MAX_CHARACTERS:
        raise InputError(
            _FIELD,
            f"The variants have {len(text):,} characters; at most {MAX_CHARACTERS:,} are taken. "
            "Leave some out.",
        )
    lines = enumerate(re.split(r"\r\n|\r|\n", text.removeprefix("\ufeff")), 1)
    numbered = [(number, line) for number, line in lines if line.strip()]
    if len(numbered) > MOST:
        raise InputError(
            _FIELD,
            f"{len(numbered):,} variants are given; at most {MOST} are taken. Leave some out.",
        )
    if numbered and spec.corrupted_prompt is not None:
        raise InputError(_FIELD, ONLY_MADE)
    return [(number, line, _own(number, line, spec)) for number, line in numbered]


def _own(number: int, line: str, spec: SweepSpec) -> SweepSpec:
    prompt, arrow, target = line.rpartition("=>")
    if not arrow:
        raise _bad(number, line, "write the prompt, then => and its target.")
    prompt, target = prompt.rstrip(), target.rstrip()
    shown = target.lstrip(" ")
    if shown.startswith("␣"):
        word = shown.lstrip("␣")
        target = " " * (len(shown) - len(word)) + word
    try:
        variant = replace(spec, prompt=prompt, target=target, foil=None)
    except InputError as error:
        raise _bad(number, line, str(error)) from error
    if (variant.prompt, variant.target) == (spec.prompt, spec.target):
        raise _bad(number, line, "this is the prompt that the set was found on: give another.")
    return variant


def _bad(number: int, line: str, why: str) -> InputError:
    return InputError(_FIELD, f"Line {number}, {shortened(line.strip())!r}: {why}")


def _draws(model: LoadedModel, original: Prepared, seed: int) -> Iterator[_Changes]:
    repeat = find_repeat(original.prompt)
    if repeat is not None and _continues(original, repeat):
        return _other_words(model.tokenizer, original, repeat, seed)
    return _other_names(model.tokenizer, original.spec, seed)


def _variant(model: LoadedModel, original: Prepared, changes: _Changes) -> SweepSpec | None:
    """The changed spec; None where some text of it is not read as as many tokens."""
    try:
        variant = replace(original.spec, **changes)
        found = prepare(model, variant)
    except InputError:
        return None
    return variant if _lengths(found) == _lengths(original) else None


def _lengths(prepared: Prepared) -> tuple[int, ...]:
    foil = prepared.foil
    lengths = (len(prepared.prompt), len(prepared.target.sequence))
    return lengths if foil is None else (*lengths, len(foil.sequence))


def _continues(original: Prepared, repeat: Repeat) -> bool:
    """Whether the target is what followed the first copy."""
    followed = original.prompt.ids[repeat.first_stop :]
    return any(followed[: len(ids)] == ids for ids in original.target.options)


def _other_words(
    tokenizer: Any, original: Prepared, repeat: Repeat, seed: int
) -> Iterator[_Changes]:
    """Every token with a letter becomes a random word, the same one wherever it stands."""
    words, used = _words(tokenizer, original), _used(original)
    # The copies' first tokens may differ in a space or a capital, and are one word all the same.
    ids = original.prompt.ids
    same = {ids[repeat.first_start]: ids[repeat.second_start]}
    try:
        pool = [i for i in text_pool(tokenizer, len(words) + len(used)) if i not in used]
    except InputError:  # the vocabulary has too few
        return
    rng = generator(seed)
    while True:
        drawn = rng.choice(pool, len(words), replace=False).tolist()
        chosen = dict(zip(words, drawn, strict=True))
        yield _changed(tokenizer, original, {i: chosen[same.get(i, i)] for i in words})


def _used(original: Prepared) -> set[int]:
    """Every token of the prompts and answers."""
    prompts = [original.prompt.ids, () if original.corrupted is None else original.corrupted.ids]
    foil = () if original.foil is None else original.foil.options
    return {i for ids in (*prompts, *original.target.options, *foil) for i in ids}


def _words(tokenizer: Any, original: Prepared) -> list[int]:
    """Those of `_used` that have a letter and are not special."""
    candidates = _used(original) - set(tokenizer.all_special_ids)
    return sorted(i for i in candidates if any(map(str.isalpha, token_text(tokenizer, i))))


def _changed(tokenizer: Any, original: Prepared, words: dict[int, int]) -> _Changes:
    """A spec's texts with their tokens exchanged; None for one that is not read as those tokens."""

    def text(ids: Sequence[int]) -> str | None:
        return exact_text(tokenizer, [words.get(i, i) for i in ids])

    def answer(tokens: TokenizedAnswer) -> tuple[str | None, ...] | str | None:
        texts = tuple(map(text, tokens.options))
        return texts if tokens.is_set else texts[0]

    start = int(original.prompt.has_bos)
    changes: _Changes = {
        "prompt": text(original.prompt.ids[start:]),
        "target": answer(original.target),
    }
    if original.foil is not None:
        changes["foil"] = answer(original.foil)
    if original.corrupted is not None:
        changes["corrupted_prompt"] = text(original.corrupted.ids[start:])
    return changes


def _other_names(tokenizer: Any, spec: SweepSpec, seed: int) -> Iterator[_Changes]:
    """Both names of a prompt become others of as many tokens, wherever they stand."""
    try:
        pair = two_names(spec.prompt)
    except InputError:
        return
    targets = (spec.target,) if isinstance(spec.target, str) else spec.target
    if not any(name_pattern(*pair).search(target) for target in targets):
        return
    ones, others = (_like(tokenizer, name, spec.prompt) for name in pair)
    both = [(one, other) for one in ones for other in others if one != other]
    rng = generator(seed)
    for index in rng.permutation(len(both)):
        yield _renamed(spec, dict(zip(pair, both[index], strict=True)))


def _like(tokenizer: Any, name: str, prompt: str) -> list[str]:
    """Names that the prompt does not hold, of as many tokens as `name`."""
    length = len(encode(tokenizer, f" {name}", "prompt"))
    return [
        other
        for other in names()
        if len(encode(tokenizer, f" {other}", "prompt")) == length
        and not name_pattern(other).search(prompt)
    ]


def _renamed(spec: SweepSpec, new: dict[str, str]) -> _Changes:
    pattern = name_pattern(*new)

    def text(old: str) -> str:
        return pattern.sub(lambda match: new[match[0]], old)

    def answer(old: Answer) -> Answer:
        return text(old) if isinstance(old, str) else tuple(map(text, old))

    changes: _Changes = {"prompt": text(spec.prompt), "target": answer(spec.target)}
    if spec.foil is not None:
        changes["foil"] = answer(spec.foil)
    if spec.corrupted_prompt is not None:
        changes["corrupted_prompt"] = text(spec.corrupted_prompt)
    return changes

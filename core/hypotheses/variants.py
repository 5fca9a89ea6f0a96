"""Variants of a prompt: the same task in other words, with target and foil changed to fit.

Two kinds of prompts have generated variants: a prompt that repeats itself gets other random words
in the same pattern, and a prompt about two names gets other names. Users can also write variants.
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
from core.prompts.random_text import exact_text, random_generator, text_pool
from core.prompts.repeats import Repeat, find_repeat
from core.prompts.tokens import TokenizedAnswer, encode, ids_if_readable, token_text
from core.spec.answer import Answer
from core.spec.heads import shortened
from core.spec.spec import SweepSpec
from core.sweep.prepare import Prepared, prepare

MOST = 50
"""The largest number of variants of one prompt."""

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
"""The longest text of user-written variants."""

_FIELD = "variants"

_TRIES = 40
"""Random draws per requested variant; a draw may fail to give one."""

_Changes = dict[str, Any]
"""The fields of a spec in which a variant differs, and their values."""


def variants(
    model: LoadedModel, spec: SweepSpec, count: int = 5, seed: int = 0
) -> tuple[SweepSpec, ...]:
    """Up to `count` generated variants, each with as many tokens as `spec`.

    () if none can be made; `NO_VARIANTS` is the text for users. A corrupted prompt is changed in
    the same way; the rest of `spec` stays. The same `seed` gives the same variants. Raises
    `InputError` for a count out of range and for a spec that does not fit the model.
    """
    if not 1 <= count <= MOST:
        raise InputError("count", f"{count} variants: ask for 1 to {MOST}.")
    original = prepare(model, spec)
    chosen: dict[SweepSpec, None] = {}  # a set that keeps its order
    for changes in islice(_draws(model, original, seed), _TRIES * count):
        variant = _variant(model, original, changes)
        if variant is not None:
            chosen[variant] = None
        if len(chosen) == count:
            break
    return tuple(chosen)


def parse_variants(text: str, spec: SweepSpec) -> tuple[SweepSpec, ...]:
    """User-written variants: one `prompt => target` a line; the rest is as in `spec`, without foil.

    The last "=>" of a line separates. Spaces after it belong to the target; if the target begins
    with ␣, each ␣ stands for a space and the spaces before it do not count. White space at the end
    of prompt and target is removed. Empty lines are skipped. Raises `InputError` (field
    "variants"), which names the line; for `resample` ablation its text is `ONLY_MADE`.
    """
    return tuple(variant for _, _, variant in _parsed(text, spec))


def own_variants(model: LoadedModel, text: str, spec: SweepSpec) -> tuple[SweepSpec, ...]:
    """`parse_variants`, with a check that each variant fits the model.

    Raises `InputError`, which names the line.
    """
    parsed = _parsed(text, spec)
    for number, line, variant in parsed:
        try:
            prepare(model, variant)
        except InputError as error:
            raise _bad(number, line, str(error)) from error
    return tuple(variant for _, _, variant in parsed)


def _parsed(text: str, spec: SweepSpec) -> list[tuple[int, str, SweepSpec]]:
    """(line number, line, variant) of every line that is not empty."""
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
    """The changed spec; None if one of its texts has another number of tokens than before."""
    try:
        variant = replace(original.spec, **changes)
        prepared = prepare(model, variant)
    except InputError:
        return None
    return variant if _lengths(prepared) == _lengths(original) else None


def _lengths(prepared: Prepared) -> tuple[int, ...]:
    foil = prepared.foil
    lengths = (len(prepared.prompt), len(prepared.target.sequence))
    return lengths if foil is None else (*lengths, len(foil.sequence))


def _continues(original: Prepared, repeat: Repeat) -> bool:
    """Whether the target is the continuation of the first copy."""
    followed = original.prompt.ids[repeat.first_stop :]
    return any(followed[: len(ids)] == ids for ids in original.target.options)


def _other_words(
    tokenizer: Any, original: Prepared, repeat: Repeat, seed: int
) -> Iterator[_Changes]:
    """Replace every token that has a letter by a random word; equal tokens get the same word."""
    words, used = _words(tokenizer, original), _used(original)
    # The first tokens of the two copies may differ in a space or a capital: they are one word.
    ids = original.prompt.ids
    same = {ids[repeat.first_start]: ids[repeat.second_start]}
    try:
        pool = [i for i in text_pool(tokenizer, len(words) + len(used)) if i not in used]
    except InputError:  # the vocabulary has too few
        return
    rng = random_generator(seed)
    while True:
        drawn = rng.choice(pool, len(words), replace=False).tolist()
        chosen = dict(zip(words, drawn, strict=True))
        yield _changed(tokenizer, original, {i: chosen[same.get(i, i)] for i in words})


def _used(original: Prepared) -> set[int]:
    """The ids of all tokens in the prompts and the answers."""
    prompts = [original.prompt.ids, () if original.corrupted is None else original.corrupted.ids]
    foil = () if original.foil is None else original.foil.options
    return {i for ids in (*prompts, *original.target.options, *foil) for i in ids}


def _words(tokenizer: Any, original: Prepared) -> list[int]:
    """The ids of `_used` whose text has a letter and which are not special tokens."""
    candidates = _used(original) - set(tokenizer.all_special_ids)
    return sorted(i for i in candidates if any(map(str.isalpha, token_text(tokenizer, i))))


def _changed(tokenizer: Any, original: Prepared, words: dict[int, int]) -> _Changes:
    """The spec's texts with tokens replaced as in `words` (old id -> new id).

    A text is None if the tokenizer does not read it back as the new tokens.
    """

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
    """Replace both names of a prompt, everywhere, by other names with as many tokens."""
    try:
        pair = two_names(spec.prompt)
    except InputError:
        return
    targets = (spec.target,) if isinstance(spec.target, str) else spec.target
    if not any(name_pattern(*pair).search(target) for target in targets):
        return
    ones, others = (_names_like(tokenizer, name, spec.prompt) for name in pair)
    both = [(one, other) for one in ones for other in others if one != other]
    rng = random_generator(seed)
    for index in rng.permutation(len(both)):
        yield _renamed(spec, dict(zip(pair, both[index], strict=True)))


def _names_like(tokenizer: Any, name: str, prompt: str) -> list[str]:
    """The names that are not in the prompt and have as many tokens as `name`."""
    length = len(encode(tokenizer, f" {name}", "prompt"))
    return [
        other
        for other in names()
        if len(ids_if_readable(tokenizer, f" {other}") or ()) == length
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

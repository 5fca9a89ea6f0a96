"""What a tokenizer's own rules may cost, told from its tokenizer.json before it reads any text.

The file is data that somebody else wrote: `Replace` rules can make a text a million times longer,
and a regular expression can search for longer than anybody lives. Imports no tokenizers, no torch.
"""

import base64
import binascii
import math
import re
import struct
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from core.text.json_form import json_shown

MAX_GROWTH = 10_000
"""How many times longer the rules may make a text, at most."""
MAX_ADDED_BYTES = 200_000_000
"""Of all added tokens once the rules have been applied to them, which happens on loading."""
_OPEN_GROWTH = 20
"""Up to this, texts are read in this process: Unicode's own compatibility forms reach 18."""
_LONGEST_PIECE = 512
"""Characters of a Unigram piece, or of a word that WordPiece looks at piece by piece: above this,
time grows with the square of a text's length."""

_NORMALIZERS = {
    "NFC": 3, "NFD": 4, "NFKC": 18, "NFKD": 18, "Lowercase": 3, "BertNormalizer": 4, "ByteLevel": 4,
    "Strip": 1, "StripAccents": 1, "Nmt": 1,
}  # fmt: skip
"""Kinds without a parameter that matters, with how many times longer they make a text at most."""
_SPLITS = {
    "BertPreTokenizer", "ByteLevel", "CharDelimiterSplit", "Digits", "FixedLength", "Metaspace",
    "Punctuation", "UnicodeScripts", "Whitespace", "WhitespaceSplit",
}  # fmt: skip
_DECODERS = {
    "BPEDecoder", "ByteFallback", "ByteLevel", "CTC", "Fuse", "Metaspace", "Strip", "WordPiece",
}  # fmt: skip
_PLAIN = re.compile(
    r"(?:\[[^\[\]&]*\]|\\[sSdDwWnrt]|\\[pP]\{\^?\w+\}|[^\\()\[\]{}*+?|^$.])(?:[*+?]|\{\d{0,4},?\d{0,4}\})?"
)
"""One set of characters and how often: a search for it takes one step a character."""
_KNOWN = {
    r"'(?:s|t|re|ve|m|ll|d)| ?\p{L}+| ?\p{N}{1,2}| ?[^\s\p{L}\p{N}]|\s+(?!\S)|\s",  # `demo`'s
    # Of GPT-4, Llama 3 and Qwen 2, which the field has run over everything.
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
}


@dataclass(frozen=True)
class TokenizerRules:
    """What a tokenizer's rules may do to a text.

    `growth` is how many times longer (in bytes) they make it at most. `guarded` says whether a text
    must be read where it can be stopped.
    """

    growth: float
    guarded: bool


def tokenizer_rules(tokenizer: object, added_bytes: int = 0) -> TokenizerRules:
    """The rules of a tokenizer.json. Raises a `ValueError`: a clause on what cannot be used.

    `added_bytes` is the size of the files beside it that name added tokens too.
    """
    parts = _object(tokenizer, "it")
    growth = math.prod(map(_growth, _steps(parts.get("normalizer"), "normalizers")), start=1.0)
    if growth > MAX_GROWTH:
        raise ValueError(
            f"its normalizer can make a text {_times(growth)} times as long, at most "
            f"{MAX_GROWTH:,} are taken"
        )
    added = sum(len(str(_object(token, "an added token").get("content")).encode(errors="replace"))
                for token in _list(parts.get("added_tokens") or [], "added_tokens"))  # fmt: skip
    if (added + added_bytes) * growth > MAX_ADDED_BYTES:
        raise ValueError("its added tokens are too long for its normalizer")
    _check_decoder(parts.get("decoder"))
    splits = [_is_slow_split(step) for step in _steps(parts.get("pre_tokenizer"), "pretokenizers")]
    slow = any(splits) or _is_slow_model(_object(parts.get("model") or {}, "model"))
    return TokenizerRules(growth, slow or growth > _OPEN_GROWTH)


def _growth(step: Mapping[str, Any]) -> float:
    kind = step.get("type")
    match kind:
        case "Replace":
            return _growth_by_replacing(step, "normalizer")
        case "Prepend":
            return 1.0 + len(str(step.get("prepend")).encode(errors="replace"))
        case "Precompiled":
            return _growth_by_table(step.get("precompiled_charsmap"))
        case str() if kind in _NORMALIZERS:
            return _NORMALIZERS[kind]
    raise ValueError(f"its normalizer has a step of an unknown kind ({json_shown(kind)})")


def _growth_by_replacing(step: Mapping[str, Any], where: str) -> float:
    pattern, content = step.get("pattern"), step.get("content")
    if not isinstance(content, str):
        raise ValueError(f"its {where} replaces by {json_shown(content)}, which is no text")
    regex, text = _pattern(pattern, where)
    made = len(content.encode(errors="replace"))
    if regex is not None and not _PLAIN.fullmatch(regex):
        raise ValueError(
            f"its {where} searches for {json_shown(regex)}, and such a search may never end"
        )
    if not text:  # an expression, or nothing at all, is found between all characters
        return 1.0 + made
    return max(1.0, made / len(text.encode(errors="replace")))


def _growth_by_table(table: object) -> float:
    """The longest text that a precompiled table puts in the place of one byte or more.

    It is the size of a trie in 4 bytes, the trie, then the texts, each ended by a NUL.
    """
    if table is None or table == "":
        return 1.0
    try:
        raw = base64.b64decode(table if isinstance(table, str) else "!", validate=True)
        (size,) = struct.unpack_from("<I", raw)
    except (binascii.Error, ValueError, struct.error):
        raise ValueError("its normalizer's table cannot be read") from None
    return float(max(1, *map(len, raw[4 + size :].split(b"\x00"))))


def _check_decoder(decoder: object) -> None:
    growth = 1.0
    for step in _steps(decoder, "decoders"):
        kind = step.get("type")
        if kind == "Replace":
            growth *= _growth_by_replacing(step, "decoder")
        elif kind not in _DECODERS:
            raise ValueError(f"its decoder has a step of an unknown kind ({json_shown(kind)})")
    if growth > MAX_GROWTH:
        raise ValueError(f"its decoder can make a token {_times(growth)} times as long")


def _is_slow_split(step: Mapping[str, Any]) -> bool:
    """Whether a step that splits a text searches for something that may take for ever."""
    kind = step.get("type")
    if kind == "Split":
        regex, _ = _pattern(step.get("pattern"), "pre-tokenizer")
        return regex is not None and regex not in _KNOWN and not _PLAIN.fullmatch(regex)
    if kind not in _SPLITS:
        raise ValueError(f"its pre-tokenizer has a step of an unknown kind ({json_shown(kind)})")
    return False


def _is_slow_model(model: Mapping[str, Any]) -> bool:
    pieces = model.get("vocab")
    if isinstance(pieces, list):  # Unigram's: pairs of a piece and its score
        return any(len(str(each[0])) > _LONGEST_PIECE for each in pieces if each)
    longest = model.get("max_input_chars_per_word") or 0
    return not isinstance(longest, int) or longest > _LONGEST_PIECE


def _pattern(pattern: object, where: str) -> tuple[str | None, str]:
    """A regular expression, or (None) the plain text that is searched for."""
    match pattern:
        case {"Regex": str(regex)}:
            return regex, ""
        case {"String": str(text)} | str(text):
            return None, text
    raise ValueError(f"its {where} searches for {json_shown(pattern)}, which is no pattern")


def _steps(part: object, name: str) -> Iterator[Mapping[str, Any]]:
    """The steps of a part, sequences of them flattened."""
    open_parts = [] if part is None else [part]
    while open_parts:
        step = _object(open_parts.pop(), "a step of it")
        if step.get("type") == "Sequence":
            open_parts.extend(_list(step.get(name), name))
        else:
            yield step


def _object(value: object, what: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ValueError(f"{what} is no object ({json_shown(value)})")
    return value


def _list(value: object, what: str) -> Iterable[Any]:
    if not isinstance(value, list):
        raise ValueError(f"{what} is no list ({json_shown(value)})")
    return value


def _times(growth: float) -> str:
    return f"{growth:,.0f}" if growth < 1e12 else f"{growth:.0e}"

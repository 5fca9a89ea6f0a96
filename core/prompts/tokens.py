"""Tokenise prompts and answers, in one way for engine, page and results; label the tokens.

A sequence is BOS (if `prepend_bos`), then the prompt's tokens, then the answer's tokens, both
encoded without special tokens added. The tokenizer is a Hugging Face one. Imports no torch.
"""

import json
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from core.errors import InputError
from core.prompts.guard import MAX_TOKENS, UnreadableError, guard_of
from core.spec.answer import Answer
from core.spec.spec import SweepSpec

_VISIBLE = {" ": "␣", "\n": "↵", "\r": "␍", "\t": "⇥", "\u00a0": "⍽", "\u3000": "□"}


@dataclass(frozen=True)
class TokenizedPrompt:
    """A prompt as the model sees it: one id, text and flag per position; BOS, if any, is 0.

    `special` says which tokens are special tokens.
    """

    ids: tuple[int, ...]
    texts: tuple[str, ...]
    special: tuple[bool, ...]
    has_bos: bool

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def typed_special(self) -> tuple[int, ...]:
        """Positions of special tokens that were typed in the prompt; without the added BOS."""
        return tuple(
            i for i, flag in enumerate(self.special) if flag and not (i == 0 and self.has_bos)
        )


@dataclass(frozen=True)
class TokenizedAnswer:
    """A target or foil: `options` is one sequence of ids, or an answer set of single ids.

    `at` is where its first token is read, among the positions read in a pass: past 0 only for what
    follows a beginning that target and foil share.
    """

    options: tuple[tuple[int, ...], ...]
    texts: tuple[str, ...]
    at: int = 0

    @property
    def is_set(self) -> bool:
        """Whether it is an answer set: several single tokens whose probabilities are added."""
        return len(self.options) > 1

    @property
    def sequence(self) -> tuple[int, ...]:
        """The teacher-forced ids of an answer that is not a set."""
        return self.options[0]


def tokenize_prompt(tokenizer: Any, prompt: str, *, prepend_bos: bool) -> TokenizedPrompt:
    """Tokenise a prompt; the text of special tokens is parsed as the tokenizer parses it.

    Raises `InputError` for a prompt without tokens, and for BOS with a tokenizer that has none.
    """
    ids = encode(tokenizer, prompt, "prompt")
    if not ids:
        raise InputError("prompt", "The prompt holds no tokens for this model: type some text.")
    if prepend_bos:
        if tokenizer.bos_token_id is None:
            raise InputError(
                "prepend_bos",
                "This model's tokenizer has no beginning-of-sequence token: run without BOS.",
            )
        ids = [tokenizer.bos_token_id, *ids]
    special = _special_ids(tokenizer)
    return TokenizedPrompt(
        ids=tuple(ids),
        texts=tuple(token_text(tokenizer, i) for i in ids),
        special=tuple(i in special for i in ids),
        has_bos=prepend_bos,
    )


def tokenize_answer(tokenizer: Any, answer: Answer, field: str) -> TokenizedAnswer:
    """Tokenise a target or foil, named by `field`.

    Raises `InputError` for an answer without tokens, and for members of an answer set that are not
    distinct single tokens.
    """
    if isinstance(answer, str):
        ids = encode(tokenizer, answer, field)
        if not ids:
            raise InputError(field, f"The {field} {answer!r} holds no tokens for this model.")
        return TokenizedAnswer((tuple(ids),), tuple(token_text(tokenizer, i) for i in ids))
    options = []
    for member in answer:
        ids = encode(tokenizer, member, field)
        if len(ids) != 1:
            raise InputError(
                field,
                f"{member!r} is {len(ids)} tokens for this model; the members of an answer set "
                "are single tokens.",
            )
        options.append((ids[0],))
    if len(set(options)) < len(options):
        raise InputError(field, f"Two members of the {field} are the same token: name each once.")
    return TokenizedAnswer(tuple(options), tuple(token_text(tokenizer, o[0]) for o in options))


def check_embedded(ids: Sequence[int], d_vocab: int, field: str) -> None:
    """Raise `InputError` for ids of the tokenizer for which the model has no embedding."""
    if ids and max(ids) >= d_vocab:
        raise InputError(
            field,
            f"The {field.replace('_', ' ')} holds the token with id {max(ids):,}, which this "
            f"model's tokenizer has and its {d_vocab:,} embeddings do not: leave it out, or save "
            "the model after resize_token_embeddings().",
        )


def check_fit(
    spec: SweepSpec, prompt_length: int, answer_length: int, n_ctx: int, field: str = "target"
) -> None:
    """Raise `InputError` if the prompt and its teacher-forced answer exceed the context."""
    needed = prompt_length + answer_length - 1
    if prompt_length > n_ctx:
        raise InputError(
            "prompt",
            f"The prompt has {prompt_length:,} tokens; {spec.model} reads at most {n_ctx:,}. "
            "Shorten the prompt or choose a model with a longer context.",
        )
    if needed > n_ctx:
        raise InputError(
            field,
            f"The prompt and its {field} need {needed:,} positions; {spec.model} reads at most "
            f"{n_ctx:,}. Shorten the prompt or the {field}.",
        )
    if isinstance(spec.positions, tuple) and spec.positions[-1] >= needed:
        raise InputError(
            "positions",
            f"Position {spec.positions[-1]} is past the end: this prompt and its answer have "
            f"positions 0 to {needed - 1}.",
        )


def encode(tokenizer: Any, text: str, field: str) -> list[int]:
    """Token ids of `text` without special tokens added.

    Raises `InputError` if the tokenizer fails on it: it has no token for a part of the text, takes
    too long, or makes too many tokens of it.
    """
    try:
        guard = guard_of(tokenizer)
        if guard is not None:
            return guard.ids(text)
        ids = list(tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"])
        if len(ids) > MAX_TOKENS:
            raise UnreadableError(f"it makes {len(ids):,} tokens of it")
        return ids
    except BaseException as error:
        if not _of_tokenizer(error):
            raise
        said = " ".join(str(error).split())[:200].rstrip(".")
        name = field.replace("_", " ")
        raise InputError(field, f"This model's tokenizer cannot read the {name}: {said}.") from None


def ids_if_readable(tokenizer: Any, text: str) -> list[int] | None:
    """`encode`; None for a text that the tokenizer cannot read."""
    try:
        return encode(tokenizer, text, "text")
    except InputError:
        return None


def decoded(tokenizer: Any, ids: Sequence[int], **options: Any) -> str | None:
    """The text of some ids by the tokenizer's own `decode`; None where that fails."""
    try:
        return str(tokenizer.decode(list(ids), **options))
    except BaseException as error:
        if not _of_tokenizer(error):
            raise
        return None


def _of_tokenizer(error: BaseException) -> bool:
    """Whether native code has failed: it raises plain Exceptions, and panics that are none."""
    return isinstance(error, Exception) or type(error).__name__ == "PanicException"


def with_leading_space(tokenizer: Any, answer: str) -> str | None:
    """`answer` with a leading space, if that is a single token: the usual form of a word.

    None if it already starts with white space, or if the form with a space is not a single token.
    """
    if not answer or answer[0].isspace():
        return None
    try:
        bare = encode(tokenizer, answer, "target")
        spaced = encode(tokenizer, " " + answer, "target")
    except InputError:
        return None
    return " " + answer if len(spaced) == 1 and spaced != bare else None


@lru_cache(maxsize=4096)  # a sweep asks for the same few tokens in every row
def token_text(tokenizer: Any, token_id: int) -> str:
    r"""The text of one token; bytes that are only a part of a character appear as \xNN.

    Decoding a single id loses SentencePiece's leading space, and turns a part of a character into
    U+FFFD. So the token's entry in the vocabulary is used if its encoding is known.
    """
    if token_id in _special_ids(tokenizer):
        return str(tokenizer.convert_ids_to_tokens(token_id))
    piece = tokenizer.convert_ids_to_tokens(token_id)
    if piece is None:
        return f"[{token_id}]"
    if _is_byte_level(tokenizer):
        table = _byte_of_character()
        if all(character in table for character in piece):
            return _bytes_text(bytes(table[character] for character in piece))
        return str(piece)  # an added token is stored as plain text
    if len(piece) == 6 and piece.startswith("<0x") and piece.endswith(">"):
        return _bytes_text(bytes([int(piece[3:5], 16)]))
    if "▁" in piece:
        return str(piece.replace("▁", " "))
    text = decoded(tokenizer, [token_id])
    return str(piece) if text is None else text


def visible_text(text: str) -> str:
    """`text` with a visible sign for every space, line break and invisible character."""
    return "".join(map(_visible_character, text))


def _visible_character(character: str) -> str:
    if character in _VISIBLE:
        return _VISIBLE[character]
    code = ord(character)
    if code < 0x20:
        return chr(0x2400 + code)  # Unicode's own pictures of the control characters
    if code == 0x7F:
        return "␡"
    # Format characters include direction overrides, which could reorder the text around them.
    if unicodedata.category(character) in {"Cc", "Cf", "Zl", "Zp", "Zs", "Cs", "Co"}:
        return f"⟨U+{code:04X}⟩"
    return character


def _bytes_text(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return "".join(chr(b) if 0x20 <= b < 0x7F else f"\\x{b:02x}" for b in raw)


@lru_cache(maxsize=32)
def _special_ids(tokenizer: Any) -> frozenset[int]:
    return frozenset(tokenizer.all_special_ids)


@lru_cache(maxsize=32)
def _is_byte_level(tokenizer: Any) -> bool:
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None:
        return False
    return '"ByteLevel"' in json.dumps(json.loads(backend.to_str()).get("decoder"))


@lru_cache(maxsize=1)
def _byte_of_character() -> dict[str, int]:
    """The alphabet of byte-level BPE: a character for each byte.

    Printable bytes are themselves; the others are the characters from U+0100 on.
    """
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    table = {chr(b): b for b in printable}
    others = (b for b in range(256) if b not in set(printable))
    table.update({chr(0x100 + n): b for n, b in enumerate(others)})
    return table

"""The training mixture: rows of tokens, and which of their positions are training targets.

A row is BOS and then one kind of text: repeated sequences (for induction), indirect-object
sentences, or everyday sentences. No row contains two different held-out words (names included). So
a test with held-out words uses words that training never showed together.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Int
from transformers import PreTrainedTokenizerBase

from core.demo.grammar import sentence_text
from core.demo.ioi import ioi_text
from core.demo.lexicon import all_words, held_out_names, held_out_words

MIXTURE: dict[str, float] = {
    "ids": 0.18,
    "words": 0.12,
    "alphabet": 0.08,
    "echo": 0.14,
    "ioi": 0.18,
    "text": 0.30,
}
"""The share of rows of each kind: repeated random ids, repeated words, repeated sequences of few
words, repeated sentences, indirect-object sentences, everyday sentences."""

CLOSING_MIXTURE: dict[str, float] = {
    "ids": 0.08,
    "words": 0.08,
    "alphabet": 0.04,
    "echo": 0.12,
    "ioi": 0.45,
    "text": 0.23,
}
"""The mixture of the last part of training."""

OPENING_MIXTURE: dict[str, float] = {"words": 1.0}
"""The mixture of the first part of training, while induction forms."""

_FIRST_COPY_KEPT = (
    0.1  # share of unpredictable positions that are targets: enough to learn to be unsure
)
_NO_BOS = 0.08  # share of rows without BOS, so that prompts without BOS work too


@dataclass(frozen=True)
class Row:
    """One training row: `ids`, and for each position whether its token is a target."""

    ids: Int[np.ndarray, " pos"]
    is_target: Bool[np.ndarray, " pos"]


@dataclass(frozen=True)
class Document:
    """A tokenised text in two forms, at the start of a row and after another text.

    `held_out` are the held-out words in it.
    """

    first: list[int]
    following: list[int]
    held_out: frozenset[str]


class Corpus:
    """Draws random rows of the training mixture; `seed` determines all of them."""

    def __init__(
        self, tokenizer: PreTrainedTokenizerBase, seed: int, n_documents: int = 30_000
    ) -> None:
        self._rng = random.Random(seed)
        self._tokenizer = tokenizer
        self._bos: int = tokenizer.convert_tokens_to_ids("<|endoftext|>")
        self._held_out_of = held_out_ids(tokenizer)
        self._held_out_ids = sorted(self._held_out_of)
        self._any_ids = [i for i in text_ids(tokenizer) if i not in self._held_out_of]
        words = (self._one_id(f" {word}") for word in all_words())
        self._word_ids = [i for i in words if i not in self._held_out_of]
        self._rng.shuffle(self._word_ids)
        self._join = [self._one_id(t) for t in (" the", " and", " of", " a", ",", " in", " to")]
        self._stop = self._one_id(".")
        self._the = (self._one_id("The"), self._one_id(" The"))
        self._texts = self._documents(sentence_text, n_documents)
        self._ioi = self._documents(ioi_text, n_documents // 2)

    def _one_id(self, text: str) -> int:
        (token,) = self._tokenizer(text, add_special_tokens=False).input_ids
        return int(token)

    def _documents(self, draw: Callable[[random.Random], str], count: int) -> list[Document]:
        texts = [draw(self._rng) for _ in range(count)]
        first = self._tokenizer(texts, add_special_tokens=False).input_ids
        joins = [self._rng.choice((" ", " ", "\n")) for _ in texts]
        following = self._tokenizer(
            [j + t for j, t in zip(joins, texts, strict=True)], add_special_tokens=False
        ).input_ids
        documents = []
        for a, b in zip(first, following, strict=True):
            held_out = frozenset(self._held_out_of[i] for i in a if i in self._held_out_of)
            if len(held_out) <= 1:
                documents.append(Document(a, b, held_out))
        return documents

    def rows(self, kind: str, count: int, length: int, n_words: int | None = None) -> list[Row]:
        """`count` rows of `length` tokens of one kind of `MIXTURE`.

        Repeated words are drawn from the first `n_words` words (None: from all).
        """
        self._pool = self._word_ids[:n_words]
        self._show_held_out = n_words is None
        draw = {
            "ids": self._repeat,
            "words": self._repeat,
            "alphabet": self._alphabet,
            "echo": self._echo,
        }.get(kind)
        return [
            self._row(*(draw(kind, length) if draw else self._packed(kind, length)), length)
            for _ in range(count)
        ]

    def words(self, count: int) -> list[int]:
        """The ids of the first `count` words, ascending: those that an opening stage uses."""
        return sorted(self._word_ids[:count])

    def _row(self, ids: list[int], is_target: list[bool], length: int) -> Row:
        if self._rng.random() >= _NO_BOS:
            ids, is_target = [self._bos, *ids], [False, *is_target]
        return Row(np.array(ids[:length]), np.array(is_target[:length]))

    def _fresh(self, pool: list[int], count: int) -> list[int]:
        """`count` different ids of `pool`; in most draws a held-out id replaces one of them."""
        ids = self._rng.sample(pool, count)
        if self._show_held_out and self._rng.random() < 0.8:
            ids[self._rng.randrange(count)] = self._rng.choice(self._held_out_ids)
        return ids

    def _unsure(self, count: int) -> list[bool]:
        return [self._rng.random() < _FIRST_COPY_KEPT for _ in range(count)]

    def _period(self, length: int) -> int:
        """The length of one copy: log-uniform from 4 to half a row."""
        period: float = 4 * (((length - 1) // 2) / 4) ** self._rng.random()
        return round(period)

    def _repeat(self, kind: str, length: int) -> tuple[list[int], list[bool]]:
        """A sequence of different ids, repeated; some rows begin with a few ids that are not."""
        pool = self._any_ids if kind == "ids" else self._pool
        if not self._show_held_out:  # the opening: short and plain
            period = self._rng.randint(4, 20)
            ids = self._rng.sample(pool, period) * (length // period + 1)
            return ids, [False] * (period + 1) + [True] * (len(ids) - period - 1)
        period = self._period(length)
        lead = self._rng.randint(0, 6) if self._rng.random() < 0.3 else 0
        fresh = self._fresh(pool, lead + period)
        ids = [*fresh, *fresh[lead:] * (length // period + 1)]
        # The first token of the second copy is not predictable either.
        return ids, self._unsure(lead + period + 1) + [True] * (len(ids) - lead - period - 1)

    def _alphabet(self, kind: str, length: int) -> tuple[list[int], list[bool]]:
        """A repeated sequence of few different words: the previous word alone does not determine
        the next.
        """
        period = self._rng.randint(8, min(30, (length - 1) // 2))
        few = self._fresh(self._word_ids, self._rng.randint(4, 8))
        copy = self._rng.choices(few, k=period)
        ids = copy * (length // period + 1)
        return ids, self._unsure(period + 1) + [True] * (len(ids) - period - 1)

    def _phrase(self) -> list[int]:
        """A sentence-like sequence of unrelated words, such as "The w w of w w."

        Its first word, "The", is not included.
        """
        words = self._fresh(self._word_ids, self._rng.randint(4, 12))
        for index in range(len(words) - 1, 0, -1):
            if self._rng.random() < 0.2:
                words.insert(index, self._rng.choice(self._join))
        return [*words, self._stop]

    def _echo(self, kind: str, length: int) -> tuple[list[int], list[bool]]:
        """Sentences, each followed by a second copy of itself."""
        ids: list[int] = []
        is_target: list[bool] = []
        held_out: frozenset[str] = frozenset()
        while len(ids) < length:
            if self._rng.random() < 0.6 and not held_out:
                phrase = self._phrase()
                held_out |= {self._held_out_of[i] for i in phrase if i in self._held_out_of}
                first, again = [self._the[bool(ids)], *phrase], [self._the[1], *phrase]
                first_target = self._unsure(len(first))
            else:
                document = self._document(self._texts, held_out)
                held_out |= document.held_out
                first, again = document.following if ids else document.first, document.following
                first_target = [True] * len(first)
            ids += first + again
            is_target += [*first_target, False, *([True] * (len(again) - 1))]
        return ids, is_target

    def _document(self, pool: list[Document], held_out: frozenset[str]) -> Document:
        document = self._rng.choice(pool)
        while len(held_out | document.held_out) > 1:
            document = self._rng.choice(pool)
        return document

    def _packed(self, kind: str, length: int) -> tuple[list[int], list[bool]]:
        """Texts of one kind, one after another."""
        pool = self._ioi if kind == "ioi" else self._texts
        ids: list[int] = []
        held_out: frozenset[str] = frozenset()
        while len(ids) < length:
            document = self._document(pool, held_out)
            held_out |= document.held_out
            ids += document.following if ids else document.first
        return ids, [True] * len(ids)


def text_ids(tokenizer: PreTrainedTokenizerBase) -> list[int]:
    """The ids that decode to text.

    Special tokens and tokens that are only a part of a character are left out.
    """
    special = set(tokenizer.all_special_ids)
    return [
        i
        for i in range(len(tokenizer))
        if i not in special and "\ufffd" not in tokenizer.decode([i])
    ]


def held_out_ids(tokenizer: PreTrainedTokenizerBase) -> dict[int, str]:
    """Token id -> held-out word or name, for its forms with and without a leading space.

    Forms that are not a single token are left out.
    """
    words: dict[int, str] = {}
    for word in (*held_out_words(), *held_out_names()):
        for form in (word, f" {word}"):
            ids = tokenizer(form, add_special_tokens=False).input_ids
            if len(ids) == 1:
                words[ids[0]] = word
    return words

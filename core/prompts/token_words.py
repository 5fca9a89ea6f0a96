"""What is said of a prompt's tokens and of an answer's: as words that every medium renders."""

from collections.abc import Sequence

from core.prompts.tokens import visible_text
from core.spec.answer import Answer
from core.text.words import Span, Words, joined, phrase, token, warning

MOST_SAID = 100
"""Members of a set that are named one by one."""


def answer_words(tokens: Sequence[str], answer: Answer | None) -> Words:
    """The tokens of a target or foil: in a row, or a set's first members with "or" between."""
    if not isinstance(answer, tuple):
        return phrase(token("".join(map(visible_text, tokens))))
    said: list[Words | Span] = [token(visible_text(text)) for text in tokens[:MOST_SAID]]
    if (more := len(tokens) - MOST_SAID) > 0:
        said.append(Span(f"{more:,} more"))
    return joined(" or ", said)


def typed_answer_words(answer: Answer) -> Words:
    """A target or foil as it was typed, before any tokenizer has read it."""
    return answer_words((answer,) if isinstance(answer, str) else answer, answer)


def parting_words(
    answers: tuple[Answer, Answer | None], tokens: tuple[Sequence[str], Sequence[str]], at: int
) -> Words:
    """What is compared of a target and a foil of different lengths: a sentence.

    `tokens` are the texts of either, `at` the one, from 0, at which they part.
    """
    target, foil = (
        answer_words(texts if isinstance(answer, tuple) else texts[at : at + 1], answer)
        for answer, texts in zip(answers, tokens, strict=True)
    )
    where = "the first token" if at == 0 else f"token {at + 1}"
    return phrase(
        "Target and foil have different numbers of tokens: the logit difference compares them "
        f"where they part, at {where}, ",
        target,
        " against ",
        foil,
        ".",
    )


def shorter_set(longest: int, n_tokens: int) -> str:
    """That a reference set averages over no position as late as the prompt's last ones."""
    return (
        f"The longest text of the reference set has {longest:,} tokens, the prompt {n_tokens:,}: "
        "what later positions are replaced by is an average over earlier ones."
    )


def token_count_words(
    n_tokens: int,
    *,
    has_bos: bool,
    n_target: int,
    target_is_set: bool,
    n_typed_special: int,
    parting: Words = (),
) -> Words:
    """How many tokens a prompt has, what a target of several means, what reads as a marker.

    `n_typed_special` counts the special tokens that the typed text itself holds; `parting` says
    what is compared of answers of different lengths.
    """
    meant = markers = ""
    if target_is_set:
        meant = f"the target is any of {n_target} tokens: their probabilities are added"
    elif n_target > 1:
        meant = f"the target is {n_target} tokens: its probability is the product over all of them"
    if n_typed_special:
        tokens = "special token" if n_typed_special == 1 else "special tokens"
        markers = (
            f"{n_typed_special} {tokens} in the prompt: read by the model as a marker, not as text"
        )
    counted = f"{n_tokens:,} tokens, {'BOS included' if has_bos else 'no BOS'}"
    parts = (Span(counted), Span(meant), warning(markers))
    counts = joined(" · ", (part for part in parts if part.text))
    return phrase(counts, " · " if parting else "", parting)

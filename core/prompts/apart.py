"""Target and foil: that they can be told apart, and where they part if their lengths differ."""

from itertools import takewhile

from core.errors import InputError
from core.prompts.tokens import TokenizedAnswer


def check_apart(target: TokenizedAnswer, foil: TokenizedAnswer) -> None:
    """Raise an `InputError` at the foil if an answer of one is also, or begins, one of the other.

    The beginning of an answer is at least as likely as the answer: their difference says nothing
    about which of the two the model prefers.
    """
    if set(foil.options) == set(target.options):
        raise InputError(
            "foil",
            "The foil is the same tokens as the target, so their difference is always 0. Choose "
            "another token.",
        )
    for ours, text in _members(target):
        for theirs, other in _members(foil):
            if ours == theirs:
                raise InputError(
                    "foil",
                    f"{text!r} is in both target and foil, so it would be held against itself. "
                    "Leave it out of one of them.",
                )
            if _shared(ours, theirs) == min(len(ours), len(theirs)):
                raise InputError("foil", _begins((text, ours), (other, theirs)))


def _begins(target: tuple[str, tuple[int, ...]], foil: tuple[str, tuple[int, ...]]) -> str:
    """What is wrong where the shorter of the two begins the longer."""
    named = [("target", *target), ("foil", *foil)]
    (short, begins, _), (long, begun, _) = sorted(named, key=lambda each: len(each[2]))
    return (
        f"The {short} {begins!r} begins the {long} {begun!r}, and a beginning is never less likely "
        "than the whole: their difference says nothing. Choose a foil that parts from the target."
    )


def parted(
    target: TokenizedAnswer, foil: TokenizedAnswer
) -> tuple[TokenizedAnswer, TokenizedAnswer]:
    """What is compared of a target and a foil of different lengths: the tokens at which they part.

    Both are read after the beginning that they share, if any. Neither begins the other
    (`check_apart`).
    """
    at = _shared(target.sequence, foil.sequence)
    return _token_at(target, at), _token_at(foil, at)


def _token_at(answer: TokenizedAnswer, at: int) -> TokenizedAnswer:
    if answer.is_set:  # of single tokens: they part from anything longer at the first
        return answer
    return TokenizedAnswer(((answer.sequence[at],),), (answer.texts[at],), at)


def _shared(ours: tuple[int, ...], theirs: tuple[int, ...]) -> int:
    """How many tokens two sequences begin with in common."""
    same = takewhile(lambda pair: pair[0] == pair[1], zip(ours, theirs, strict=False))
    return sum(1 for _ in same)


def _members(answer: TokenizedAnswer) -> list[tuple[tuple[int, ...], str]]:
    """Each of an answer's sequences with its text."""
    if not answer.is_set:
        return [(answer.sequence, "".join(answer.texts))]
    return list(zip(answer.options, answer.texts, strict=True))

"""The tokens of both prompts at once, for the positions of a map."""

from typing import Protocol

from components.state import live_for, tokens_of
from core.spec.spec import SweepSpec


class Positioned(Protocol):
    """What was measured at some positions of the clean prompt."""

    @property
    def positions(self) -> tuple[int, ...] | None:
        """The positions."""

    @property
    def tokens(self) -> tuple[str, ...] | None:
        """The clean prompt's tokens there."""


def both_tokens(spec: SweepSpec, found: Positioned) -> tuple[str, ...]:
    """The clean prompt's token at each position, and after a slash the corrupted one's if another.

    The clean ones alone where the model that reads the corrupted prompt is no longer loaded.
    """
    model = live_for(spec)
    positions, clean = found.positions or (), found.tokens or ()
    if model is None or spec.corrupted_prompt is None:
        return clean
    corrupted = tokens_of(model, spec.corrupted_prompt, spec.prepend_bos).texts
    pairs = (
        (text, corrupted[at] if at < len(corrupted) else text)
        for at, text in zip(positions, clean, strict=True)
    )
    return tuple(one if one == other else f"{one}/{other}" for one, other in pairs)

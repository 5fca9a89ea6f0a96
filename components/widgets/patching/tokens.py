"""The tokens of both prompts at once, for the positions of a map."""

from typing import Protocol

from components.state import live_for
from components.state.cached import prompt_tokens
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
    bos = model.default_prepend_bos if spec.prepend_bos is None else spec.prepend_bos
    corrupted = prompt_tokens(
        model.tokenizer, model.fingerprint, model.name, spec.corrupted_prompt, bos=bool(bos)
    ).texts
    # Positions of an answer's own tokens come after the prompt's.
    others = (corrupted[at] if at < len(corrupted) else "" for at in positions)
    return tuple(
        f"{one}/{other}" if other and other != one else one
        for one, other in zip(clean, others, strict=True)
    )

"""Errors that a user can cause. Each message says what was seen and what to do."""

import unicodedata


def escaped(text: str) -> str:
    """A text whose characters all have a shape: any other is written as Python writes it, escaped.

    Half of a character cannot be printed or sent to a browser, and terminals and browsers obey
    control characters and those that turn the direction of what follows.
    """
    if text.isprintable():
        return text
    return "".join(c if _has_shape(c) else c.encode("unicode_escape").decode() for c in text)


def _has_shape(character: str) -> bool:
    return character.isprintable() or unicodedata.category(character) == "Zs"


class InputError(ValueError):
    """An input of the user cannot be used.

    `field` names the input (a `SweepSpec` field such as "prompt" or "target"), so that an interface
    can show the message beside it. The message may quote what stands in files: it is `escaped`.
    """

    def __init__(self, field: str, message: str) -> None:
        super().__init__(escaped(message))
        self.field = field


class ModelError(InputError):
    """A model cannot be loaded: unknown, unreachable, gated, damaged or of an unsupported kind."""

    def __init__(self, message: str) -> None:
        super().__init__("model", message)


class UnavailableError(ModelError):
    """The requested measurement is not defined, or not implemented, for this model."""


class Cancelled(Exception):  # noqa: N818  # a requested outcome, not an error
    """The user stopped the work."""


def is_memory_error(error: BaseException) -> bool:
    """Whether an error means out of memory, on a GPU or on a CPU (a plain RuntimeError)."""
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    if not isinstance(error, RuntimeError):
        return False
    text = str(error).lower()
    return "allocate memory" in text or "not enough memory" in text


class StoreError(Exception):
    """The database of runs cannot be used now; its contents are unchanged."""


class PlaceTakenError(StoreError):
    """Another result, or another Headsweep's, lies where one belongs: it cannot be kept there."""

"""The errors a user can cause, each with a sentence that says what was seen and what to do."""


class InputError(ValueError):
    """Something typed or chosen cannot be used.

    `field` names where it was entered (a `SweepSpec` field such as "prompt" or "target"), so that
    an interface can show the message there.
    """

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class ModelError(InputError):
    """A model cannot be had: unknown, unreachable, gated, damaged or of an unsupported kind."""

    def __init__(self, message: str) -> None:
        super().__init__("model", message)


class UnavailableError(ModelError):
    """What was asked for has no meaning, or no known way, for this model."""


class Cancelled(Exception):  # noqa: N818  # an outcome that was asked for, not an error
    """The work was stopped by whoever asked for it."""


def is_memory_error(error: BaseException) -> bool:
    """Whether an error says that the memory ran out, on a GPU or (a plain RuntimeError) a CPU."""
    text = str(error).lower()
    return (
        isinstance(error, MemoryError)
        or type(error).__name__ == "OutOfMemoryError"
        or (isinstance(error, RuntimeError) and "allocate memory" in text)
        or (isinstance(error, RuntimeError) and "not enough memory" in text)
    )


class StoreError(Exception):
    """The database of runs cannot be used now; what was in it is untouched."""

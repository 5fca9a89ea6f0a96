"""A reference file that was given to the page, read once and kept as plain data."""

from dataclasses import dataclass

from core.errors import InputError
from core.spec import reference_set as reference


@dataclass(frozen=True)
class Upload:
    """A file's name and its prompts, or why there are none."""

    name: str
    prompts: tuple[str, ...] = ()
    error: str | None = None

    def reference(self) -> tuple[str, ...]:
        """The prompts; raises `InputError` where the file was refused."""
        if self.error is not None:
            raise InputError("reference", self.error)
        return self.prompts


def read_upload(name: str, raw: bytes) -> Upload:
    """One prompt a line, in UTF-8; whatever is wrong is kept to be told."""
    try:
        return Upload(name, reference.from_bytes(name, raw))
    except InputError as error:
        return Upload(name, error=str(error))

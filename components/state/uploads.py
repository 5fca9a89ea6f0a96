"""A reference file that was given to the page, read once and kept as plain data."""

from dataclasses import dataclass

from core.errors import InputError
from core.spec import reference_set as reference


@dataclass(frozen=True)
class Upload:
    """A file's name, its prompts and the lines that they stand in, or why there are none."""

    name: str
    prompts: tuple[str, ...] = ()
    lines: tuple[int, ...] = ()
    error: str | None = None

    def reference(self) -> reference.ReferenceLines:
        """The prompts in their lines; raises `InputError` where the file was refused."""
        if self.error is not None:
            raise InputError("reference", self.error)
        return reference.ReferenceLines(self.prompts, self.lines, self.name)


def read_upload(name: str, raw: bytes) -> Upload:
    """One prompt a line, in UTF-8; whatever is wrong is kept to be told."""
    try:
        found = reference.from_bytes(name, raw)
        return Upload(name, found.texts, found.lines)
    except InputError as error:
        return Upload(name, error=str(error))

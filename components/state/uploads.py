"""A reference file that was given to the page, read once and kept as plain data."""

from dataclasses import dataclass
from typing import Any

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


def content_of(file: Any) -> bytes:
    """What is in the file that a box holds; raises `InputError` (field "file") where it is gone.

    The server drops the oldest of too many files, and a box may name one that was never sent.
    """
    read = getattr(file, "getvalue", None)
    if read is None:
        raise InputError("file", "That file is not held here any more: choose it again.")
    return bytes(read())


def upload_of(file: Any) -> Upload:
    """`read_upload` of the file that a box holds."""
    try:
        raw = content_of(file)  # before its name: one that is gone has none
        return read_upload(file.name, raw)
    except InputError as error:
        return Upload("", error=str(error))


def read_upload(name: str, raw: bytes) -> Upload:
    """One prompt a line, in UTF-8; whatever is wrong is kept to be told."""
    try:
        found = reference.from_bytes(name, raw)
        return Upload(name, found.texts, found.lines)
    except InputError as error:
        return Upload(name, error=str(error))

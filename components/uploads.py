"""A reference file that was given to the page, read once and kept as plain data."""

from dataclasses import dataclass

from core import reference
from core.errors import InputError
from core.reference import MAX_BYTES


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
    if len(raw) > MAX_BYTES:
        return Upload(
            name, error=f"{name!r} is larger than {MAX_BYTES // 1_000_000} MB: shorten it."
        )
    try:
        return Upload(name, reference.parse(raw.decode("utf-8")))
    except UnicodeDecodeError as error:
        return Upload(
            name,
            error=f"{name!r} is not UTF-8 text: byte {error.start + 1} is "
            f"0x{raw[error.start]:02X}. Save it as UTF-8.",
        )
    except InputError as error:
        return Upload(name, error=f"{name!r}: {error}")

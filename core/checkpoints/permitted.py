"""Which models may be loaded: the operator's list, and what a link or a file may ask for.

Nothing here looks at a disk or a network: a name that is not allowed leads to neither.
"""

import os
import re

from core.checkpoints import catalogue
from core.errors import ModelError
from core.settings import settings

EMBEDDED = "demo"


def is_permitted(name: str) -> bool:
    """Whether the operator allows a model, by whatever name it is asked for.

    Without a list all are allowed; the embedded one, which is a part of the program, always is.
    """
    allowed = settings().allowed_models
    return not allowed or _same(name) == EMBEDDED or _same(name) in map(_same, allowed)


def check_permitted(name: str) -> None:
    """Raise a `ModelError` for a model that the operator has not allowed."""
    if not is_permitted(name):
        raise ModelError(
            f"{name[:80]!r} is not among the models allowed here: choose one of "
            f"{', '.join(permitted_names())}."
        )


def permitted_names() -> list[str]:
    """The models to offer: the operator's list, or the catalogue."""
    allowed = settings().allowed_models
    if not allowed:
        return [known.name for known in catalogue.CATALOGUE]
    return list(dict.fromkeys((EMBEDDED, *map(catalogue.canonical, allowed))))


def from_outside(name: str) -> bool:
    """Whether a link or a file may have a model loaded: known by name, or on the operator's list.

    A folder of this machine, or any name of the hub, only its user can ask for.
    """
    if settings().allowed_models:
        return is_permitted(name)
    return catalogue.entry(name) is not None


def _same(name: str) -> str:
    """One name a model: the catalogue's, or the absolute path of what is written as one."""
    known = catalogue.canonical(name)
    if known != name or not catalogue.written_as_path(name) or ".." in re.split(r"[/\\]", name):
        return known  # where ".." leads is not told by the text: links may lie on the way
    # Another user's home is looked up in the system's user database: nobody's but one's own here.
    mine = name == "~" or name.startswith(("~/", "~\\"))
    path = os.path.expanduser(name) if mine else name  # noqa: PTH111 (reads nothing)
    return os.path.abspath(path)  # noqa: PTH100

"""Which models may be loaded: by the operator's list, and at the request of a link or a file.

Nothing here accesses a disk or a network, so a name that is not allowed cannot cause such access.
"""

import os
import re

from core.checkpoints import catalogue
from core.errors import ModelError
from core.settings import settings

EMBEDDED = "demo"


def is_permitted(name: str) -> bool:
    """Whether the operator allows a model, under any of its names.

    Without a list all models are allowed, and in a read-only Headsweep those known by name. The
    embedded model is a part of the program and always allowed.
    """
    allowed = _allowed()
    return not allowed or _same(name) == EMBEDDED or _same(name) in map(_same, allowed)


def check_permitted(name: str) -> None:
    """Raise `ModelError` for a model that the operator has not allowed."""
    if not is_permitted(name):
        raise ModelError(
            f"{name[:80]!r} is not among the models allowed here: choose one of "
            f"{', '.join(permitted_names())}."
        )


def permitted_names() -> list[str]:
    """The models to offer: the operator's list, or without one the catalogue."""
    allowed = _allowed()
    if not allowed:
        return [known.name for known in catalogue.CATALOGUE]
    return list(dict.fromkeys((EMBEDDED, *map(catalogue.canonical, allowed))))


def permitted_in_links(name: str) -> bool:
    """Whether a link or a file may cause a model to be loaded.

    It may if the model is on the operator's list, or, without a list, in the catalogue. Only the
    user can request a local folder or any other name of the hub.
    """
    if _allowed():
        return is_permitted(name)
    return catalogue.entry(name) is not None


def is_list_given() -> bool:
    """Whether only some models may be loaded here."""
    return bool(_allowed())


def _allowed() -> tuple[str, ...]:
    """The only models that may be loaded; empty for any.

    Whoever only shows Headsweep to the public has no folders to be looked at, and no disk for
    whatever the hub has.
    """
    given = settings()
    if given.read_only and not given.allowed_models:
        return tuple(known.name for known in catalogue.CATALOGUE)
    return given.allowed_models


def _same(name: str) -> str:
    """One name for each model: the catalogue's name, or an absolute path for a path."""
    known = catalogue.canonical(name)
    if known != name or not catalogue.looks_like_path(name) or ".." in re.split(r"[/\\]", name):
        return known  # the text alone does not say where ".." leads: a symbolic link may come first
    # Only the own home is expanded: for another user's, the system's user database would be read.
    own_home = name == "~" or name.startswith(("~/", "~\\"))
    path = os.path.expanduser(name) if own_home else name  # noqa: PTH111 (reads nothing)
    return os.path.abspath(path)  # noqa: PTH100

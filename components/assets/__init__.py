"""JavaScript, style sheets and HTML as files: what a browser is given as it stands."""

from functools import cache
from importlib.resources import files


@cache
def asset(name: str) -> str:
    """The text of a file of this folder, such as "css/page.css"."""
    return (files("components.assets") / name).read_text(encoding="utf-8")

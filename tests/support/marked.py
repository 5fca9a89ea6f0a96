"""Markup put wherever a file can say a text, and what a page made of it."""

import copy
import json
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from typing import Any

from support.hostile import IMAGE

from core.errors import InputError
from core.exports.data import read_json

MARK = (
    f"\"'>{IMAGE}</script><script>alert(2)</script>[a](javascript:alert(3)) $x$ "
    ":material/home: :red[no] \u202e\x1b[2J"
)
"""HTML that leaves an attribute and an element, Markdown, a formula, an icon, orders."""
RENDERED = (IMAGE, "<script>alert(2)", "[a](javascript", "$x$", ":material/home:", ":red[")
"""What may stand unescaped in nothing that is read as HTML or Markdown."""
MARKDOWN = ("label", "help", "body", "text", "caption", "content", "name", "message", "title")
"""Fields of Streamlit's elements that a page renders as Markdown; a value or a choice is text."""
Pattern = tuple[str, ...]


def text_places(value: Any, path: Pattern = ()) -> Iterator[Pattern]:
    """Where JSON has texts: names from the outside in, "*" for every item of a list."""
    if isinstance(value, str):
        yield path
    elif isinstance(value, dict):
        for name, part in value.items():
            yield from text_places(part, (*path, name))
    elif isinstance(value, list):
        for part in value:
            yield from text_places(part, (*path, "*"))


def with_text(value: Any, pattern: Pattern, change: Callable[[str], str]) -> Any:
    """A copy with every text at a place changed."""
    if not pattern:
        return change(value) if isinstance(value, str) else value
    first, rest = pattern[0], pattern[1:]
    if isinstance(value, list) and first == "*":
        return [with_text(part, rest, change) for part in value]
    if isinstance(value, dict) and first in value:
        return {**value, first: with_text(value[first], rest, change)}
    return value


def marked(whole: Any) -> tuple[Any, set[Pattern], set[Pattern]]:
    """A file with `MARK` in every text that may say anything; those places, and the others."""
    taken, refused = set(), set()
    made = copy.deepcopy(whole)
    for pattern in sorted(set(text_places(whole))):
        tried = with_text(made, pattern, lambda text: (text + MARK)[-190:])
        try:
            read_json("marked.json", json.dumps(tried).encode())
        except InputError:
            refused.add(pattern)
        else:
            taken.add(pattern)
            made = tried
    return made, taken, refused


class _Elements(HTMLParser):
    """What a browser would make of HTML: its elements and their attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.wrong: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name.startswith("on") or (name in ("href", "src") and "javascript:" in f"{value}"):
                self.wrong.append(f"{tag} {name}={value}")
        if tag in ("iframe", "object", "embed", "form", "base", "link", "meta"):
            self.wrong.append(tag)
        if tag == "img" and not (dict(attrs).get("src") or "").startswith("data:"):
            self.wrong.append(f"img {attrs}")


def wrong_elements(html: str) -> list[str]:
    """Elements and attributes in HTML that can only be somebody's who typed them."""
    found = _Elements()
    found.feed(html)
    return [*found.wrong, *(each for each in (IMAGE, "<script>alert(2)") if each in html)]


def rendered_texts(proto: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """(where, text) of all that a page renders of an element, but for its HTML and its figures."""
    for field, value in proto.ListFields():
        where = f"{path}.{field.name}"
        if field.message_type is not None:
            if field.message_type.GetOptions().map_entry:
                continue
            many = isinstance(value, (list, tuple)) or hasattr(value, "add")
            for each in value if many else [value]:
                yield from rendered_texts(each, where)
        elif field.name in MARKDOWN and isinstance(value, str):
            yield where, value

"""The elements of a class in some HTML."""

from html.parser import HTMLParser

from support.terms import without_marks

_EMPTY = ("br", "hr", "img", "input")
"""What has no end tag."""


def elements(markup: str, name: str, but: str = "") -> list[str]:
    """The words of each element with the class `name` and without `but`, their spaces plain."""
    reader = _OfClass(name, but)
    reader.feed(without_marks(markup))
    reader.close()
    return [" ".join(texts).replace("\u00a0", " ") for texts in reader.found]


class _OfClass(HTMLParser):
    """Gathers the texts in each outermost element of a class."""

    def __init__(self, name: str, but: str) -> None:
        super().__init__()
        self.found: list[list[str]] = []
        self._name, self._but, self._depth = name, but, 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        classes = (dict(attrs).get("class") or "").split()
        if self._depth:
            self._depth += tag not in _EMPTY
        elif self._name in classes and self._but not in classes:
            self._depth = 1
            self.found.append([])

    def handle_endtag(self, tag: str) -> None:
        self._depth = max(0, self._depth - 1)

    def handle_data(self, data: str) -> None:
        if self._depth:
            self.found[-1].append(data)

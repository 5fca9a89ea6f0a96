"""Words of this program's own."""

from core.text.glossary.term import Group, Term

PROGRAM = Group(
    "On these pages",
    (
        Term(
            "permalink",
            "A page’s address in the browser: it holds everything that determines the numbers, so "
            "that it opens the same again, here or elsewhere.",
            ("permalinks",),
        ),
        Term(
            "fingerprint",
            "A short code computed from a model’s files. Another fingerprint under the same name "
            "means another model.",
        ),
        Term(
            "embedded model",
            "A small transformer of 3 layers with 4 heads each that comes with Headsweep, trained "
            "on simple sentences so that such heads form. It needs no download.",
        ),
    ),
)

"""RESULTS.md: every benchmark writes a section of its own and leaves the others as they are."""

import re
from pathlib import Path

RESULTS = Path(__file__).parent / "RESULTS.md"


def write_section(heading: str, text: str) -> None:
    """Put `text` under `## heading`: in the place of what stood there, or at the end."""
    title, *parts = re.split(r"^## ", RESULTS.read_text(encoding="utf-8"), flags=re.MULTILINE)
    sections = dict(part.split("\n", 1) for part in parts)
    sections[heading] = text
    found = [title.strip(), *(f"## {name}\n\n{body.strip()}" for name, body in sections.items())]
    RESULTS.write_text("\n\n".join(found) + "\n", encoding="utf-8")

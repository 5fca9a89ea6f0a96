"""Files of earlier versions, and what their own version read from them. Never written to."""

import json
from pathlib import Path
from typing import Any

V1 = Path(__file__).parents[1] / "data" / "v1"


def expected() -> dict[str, Any]:
    """What version 0.1.0 read from its files."""
    return json.loads((V1 / "expected.json").read_bytes())


def links() -> list[dict[str, Any]]:
    """Its addresses, each with what it opened."""
    return json.loads((V1 / "links" / "links.json").read_bytes())


def plain(value: Any) -> Any:
    """As JSON has it: lists for tuples."""
    return json.loads(json.dumps(value))

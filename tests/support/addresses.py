"""Addresses of the dashboard, as its own links have them."""

from core.exports import links
from core.spec.spec import SweepSpec


def address(url: str, spec: SweepSpec, page: str = "", **more: str) -> str:
    """Of what is asked for, and of `more`: a head, a metric, a model that is none."""
    params = links.to_params(spec) | {name: [text] for name, text in more.items()}
    return f"{url}/{page}?{links.query_of(params)}"

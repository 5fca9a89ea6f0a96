"""`headsweep serve`: the dashboard.

`core` knows nothing of the dashboard: whoever draws one registers a function without parameters
under the entry point group `headsweep.serve`, and it serves where the settings say.
"""

import os
from importlib.metadata import entry_points
from typing import Annotated

import typer

from core.cli.numbers import whole_option
from core.cli.output import log_in_full
from core.errors import InputError
from core.settings import settings, variable

GROUP = "headsweep.serve"
"""The entry point that serves: () -> None, until it is interrupted."""


def serve(
    port: Annotated[
        int | None, whole_option("The port; without it PORT, or 8501.", 1, 65535)
    ] = None,
    address: Annotated[
        str | None,
        typer.Option(
            help="Where to listen: localhost is this machine alone, 0.0.0.0 every address of it. "
            "Without it HEADSWEEP_ADDRESS, or localhost."
        ),
    ] = None,
    base_path: Annotated[
        str | None,
        typer.Option(
            help="The path before the dashboard's, behind a proxy. Without it "
            "HEADSWEEP_BASE_PATH, or none."
        ),
    ] = None,
) -> None:
    """Serve the dashboard in a browser, until Ctrl-C. Other settings are environment variables."""
    points = entry_points(group=GROUP)
    if not points:
        raise InputError(
            "serve",
            "The dashboard is not installed here: install all of Headsweep, not core alone.",
        )
    if address is not None and not address.strip():  # to a variable this would mean unset
        raise InputError("serve", "--address is empty: name one, such as localhost or 0.0.0.0.")
    for name, given in (("port", port), ("address", address), ("base_path", base_path)):
        if given is not None:
            os.environ[variable(name)] = str(given)
    settings.cache_clear()
    settings()  # a value that cannot be used is refused before anything heavy is imported
    log_in_full()
    next(iter(points)).load()()

"""The launcher behind `make run`: `python -m components.server`.

`streamlit run` executes nothing of ours before the first browser arrives; this loads what the
first page draws with, starts loading the embedded model, and then serves.
"""

import os
import sys
from pathlib import Path

from core.errors import InputError
from core.net import bound
from core.settings import settings

ROOT = Path(__file__).parent.parent


def main() -> None:
    """Serve the dashboard where the settings say, until interrupted."""
    try:
        given = settings()
    except InputError as error:
        sys.exit(f"headsweep: {error}")
    check_free(given.address, given.port)
    os.chdir(ROOT)  # where .streamlit/config.toml lies
    # Whole, and before any other thread runs: a figure drawn while another thread is importing
    # pandas fails.
    import pandas  # noqa: F401
    import plotly.graph_objects
    import plotly.io  # noqa: F401
    from streamlit.web import bootstrap

    from components.state.warm_up import warm_up

    warm_up()
    options = {
        "server_port": given.port,
        "server_address": given.address,
        "server_baseUrlPath": given.base_path,
    }
    bootstrap.load_config_options(options)
    print(f"Headsweep: {given.url}", flush=True)
    bootstrap.run(str(ROOT / "app.py"), False, [], options)


def check_free(address: str, port: int) -> None:
    """End with one line where nothing can listen there."""
    try:
        bound(address, port)
    except OSError as error:
        sys.exit(
            f"headsweep: port {port} on {address} cannot be used ({error.strerror}): try "
            "PORT=8601 make run."
        )


if __name__ == "__main__":
    main()

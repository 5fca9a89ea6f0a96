"""The launcher behind `headsweep serve` and `make run`.

`streamlit run` executes nothing of ours before the first browser arrives; this loads what the
first page draws with, starts loading the embedded model, and then serves.
"""

import gc
import sys
from pathlib import Path

from core.errors import InputError
from core.net import bindable_port
from core.settings import settings

ROOT = Path(__file__).parent.parent
"""Where app.py, pages/ and .streamlit/ lie: the clone, or site-packages."""


def main() -> None:
    """Serve the dashboard where the settings say, until interrupted.

    Where nothing can be served there the program ends with code 2 and one line on stderr.
    """
    try:
        given = settings()
        check_free(given.address, given.port)
    except InputError as error:
        print(f"headsweep: {error}", file=sys.stderr)
        sys.exit(2)
    # Until `warm_up` has set aside what the imports make, all of which stays: to look for garbage
    # in it again and again would be a quarter of the start.
    gc.disable()
    # Whole, and before any other thread runs: a figure drawn while another thread is importing
    # pandas fails.
    import pandas  # noqa: F401
    import plotly.graph_objects
    import plotly.io  # noqa: F401
    from streamlit import config
    from streamlit.runtime.pages_manager import PagesManager
    from streamlit.web import bootstrap

    from components.state.run_ends import hear_runs_out
    from components.state.warm_up import warm_up
    from core.exports.rescue import rescued_at_the_end
    from core.store.keeper import KEEPER

    warm_up()
    hear_runs_out()
    options = {
        "server_port": given.port,
        "server_address": given.address,
        "server_baseUrlPath": given.base_path,
    }
    script = str(ROOT / "app.py")
    # What `streamlit run` does, so that the .streamlit/ beside app.py counts from any folder.
    config._main_script_path = script
    bootstrap.load_config_options(options)
    # Streamlit's older way is a folder "pages" and no navigation: by the address of a page, the
    # first visitors would be led past app.py, until one of them opens the front page.
    PagesManager.uses_pages_directory = False
    print(f"Headsweep: {given.url}", flush=True)
    with rescued_at_the_end(KEEPER):
        bootstrap.run(script, False, [], options)


def check_free(address: str, port: int) -> None:
    """Raise an `InputError` (field "serve") where nothing can listen there."""
    try:
        bindable_port(address, port)
    except OSError as error:
        raise InputError(
            "serve",
            f"Port {port} on {address} cannot be used ({error.strerror}): try another port "
            "(headsweep serve --port 8601, or PORT=8601 make run) or another address (localhost, "
            "or one of this machine).",
        ) from error


if __name__ == "__main__":
    main()

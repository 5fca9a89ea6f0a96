"""The launcher behind `headsweep serve` and `make run`.

`streamlit run` executes nothing of ours before the first browser arrives; this loads what the
first page draws with, starts loading the embedded model, and then serves.
"""

import gc
import os
import signal
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import InputError
from core.net import UNTIL_INPUT_ENDS, bindable_port
from core.settings import Settings, settings

if TYPE_CHECKING:
    from starlette.types import ASGIApp

ROOT = Path(__file__).parent.parent
"""Where app.py, pages/ and .streamlit/ lie: the clone, or site-packages."""
GRACE_SECONDS = 3
"""For answers that are under way when the server is to stop."""
SEEN_SECONDS = 1
"""For the last of what browsers have seen to be written: it is mostly there already."""


def main() -> None:
    """Serve the dashboard where the settings say, until interrupted.

    Where nothing can be served there the program ends with code 2 and one line on stderr.
    """
    if UNTIL_INPUT_ENDS in sys.argv[1:]:
        threading.Thread(target=_end_with_input, daemon=True, name="input").start()
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

    from components.state.overlapping_runs import share_locks
    from components.state.run_ends import hear_runs_out
    from components.state.warm_up import warm_up
    from components.state.widget_values import take_only_own_values
    from components.web.app import dashboard
    from core.exports.rescue import rescued_at_the_end
    from core.store.browsers import SEEN
    from core.store.keeper import KEEPER

    warm_up()
    hear_runs_out()
    share_locks()  # around that, which replaces what begins a run
    take_only_own_values()
    script = ROOT / "app.py"
    _load_options(script, given)
    print(f"Headsweep: {given.url}", flush=True)
    with rescued_at_the_end(KEEPER):
        _serve(dashboard(script, given), given)
        SEEN.write_within(SEEN_SECONDS)


def _load_options(script: Path, given: Settings) -> None:
    """Streamlit's options: those of .streamlit/ beside app.py, whatever the folder, and ours."""
    from streamlit import config
    from streamlit.runtime.pages_manager import PagesManager
    from streamlit.web import bootstrap

    config._main_script_path = str(script)  # what `streamlit run` does
    bootstrap.load_config_options(
        {
            "server_port": given.port,
            "server_address": given.address,
            "server_baseUrlPath": given.base_path,
        }
    )
    # Streamlit's older way is a folder "pages" and no navigation: by the address of a page, the
    # first visitors would be led past app.py, until one of them opens the front page.
    PagesManager.uses_pages_directory = False


def _serve(app: "ASGIApp", given: Settings) -> None:
    """Answer at the settings' address until SIGTERM, SIGHUP or Ctrl-C, and return then."""
    import uvicorn
    from streamlit import config

    from components.web.connections import BoundedConnection
    from components.web.descriptors import most_connections, raise_limit
    from core.exports.rescue import ending_signals

    ping = config.get_option("server.websocketPingInterval")
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            # To asyncio :: is IPv6 alone, and an empty text both kinds.
            host="" if given.address == "::" else given.address,
            port=given.port,
            http=BoundedConnection,
            ws="websockets-sansio",
            ws_max_size=config.get_option("server.maxWidgetStateSize") * 1_000_000,
            ws_ping_interval=ping,
            ws_ping_timeout=ping,
            ws_per_message_deflate=False,
            limit_concurrency=most_connections(raise_limit()),
            backlog=128,  # asyncio tries to accept as many at once where no descriptor is left
            timeout_graceful_shutdown=GRACE_SECONDS,
            server_header=False,
            use_colors=False,
            access_log=False,
        )
    )

    def stop(*_: object) -> None:
        server.should_exit = True

    # uvicorn hears SIGTERM and SIGINT itself, and gives them on once it has stopped: to whom they
    # would end at once.
    for each in (signal.SIGINT, *ending_signals()):
        signal.signal(each, stop)
    server.run()


def _end_with_input() -> None:
    """End this program as SIGTERM does once nothing can come from standard input any more."""
    with suppress(OSError, ValueError):  # there is none
        while os.read(sys.stdin.fileno(), 1024):
            pass
    signal.raise_signal(signal.SIGTERM)


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

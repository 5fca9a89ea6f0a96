"""The launcher behind `make run`: `python -m components.server`.

`streamlit run` executes nothing of ours before the first browser arrives; this loads what the
first page draws with, starts loading the embedded model, and then serves.
"""

import os
import socket
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


def main() -> None:
    """Serve the dashboard on PORT (8501), until interrupted."""
    port = _port(os.environ.get("PORT", "8501"))
    os.chdir(ROOT)  # where .streamlit/config.toml lies
    # Whole, and before any other thread runs: a figure drawn while another thread is importing
    # pandas fails.
    import pandas  # noqa: F401
    import plotly.graph_objects
    import plotly.io  # noqa: F401
    from streamlit.web import bootstrap

    from components.warm import warm_up

    warm_up()
    options = {"server_port": port}
    bootstrap.load_config_options(options)
    print(f"Headsweep: http://localhost:{port}", flush=True)
    bootstrap.run(str(ROOT / "app.py"), False, [], options)


def _port(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 65536:
        sys.exit(f"PORT={text!r} is not a port: use a number from 1 to 65535.")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("localhost", int(text)))
        except OSError as error:
            sys.exit(f"Port {text} cannot be used ({error.strerror}): try PORT=8601 make run.")
    return int(text)


if __name__ == "__main__":
    main()

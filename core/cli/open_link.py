"""`headsweep open`: serve the dashboard and show a run or a prediction in it."""

import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request
import webbrowser
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from core.cli.kept_predictions import find_prediction
from core.cli.runs import find
from core.errors import InputError
from core.exports.data import MAX_BYTES
from core.exports.prediction_file import ReadPrediction, read_file
from core.exports.rescue import ending_signals
from core.net import UNTIL_INPUT_ENDS, bindable_port
from core.settings import Settings, settings
from core.store.from_file import keep_from_file
from core.store.keeper import KEEPER
from core.store.result_kinds import PREDICTIONS
from core.store.run import Origin

AWAITED_SECONDS = 60.0


def open_(
    what: Annotated[
        str | None,
        typer.Argument(
            help="A JSON file that Headsweep has exported, or the name of a kept run or prediction."
        ),
    ] = None,
    browser: Annotated[
        bool, typer.Option("--browser/--no-browser", help="Open a browser on it.")
    ] = True,
) -> None:
    """Serve the dashboard with an exported or kept run or prediction on screen."""
    page = "" if what is None else _page_of(what)
    port = _free_port(settings())
    url = settings().model_copy(update={"port": port}).url
    address = f"{url}{page}"
    # A separate process, because `core` must not import `components`. However this one ends, the
    # other's input ends with it.
    server = subprocess.Popen(  # noqa: S603  # this interpreter, and the dashboard of this package
        [sys.executable, "-m", "components.server", UNTIL_INPUT_ENDS],
        env={**os.environ, "PORT": str(port)},
        stdin=subprocess.PIPE,
    )
    for each in ending_signals():
        signal.signal(each, lambda *_: server.terminate())
    try:
        threading.Thread(
            target=_announce, args=(server, url, address, browser), daemon=True
        ).start()
        code = server.wait()
    except KeyboardInterrupt:
        server.terminate()
        code = server.wait()
    raise typer.Exit(1 if code > 0 else 0)


def _page_of(what: str) -> str:
    """The address of the kept run or prediction that `what` names; a file's is kept first."""
    path = Path(what)
    try:
        is_file = path.is_file()
    except (OSError, ValueError):
        is_file = False
    if is_file:
        try:
            with path.open("rb") as file:
                raw = file.read(MAX_BYTES + 1)
        except OSError as error:
            raise InputError(
                "file", f"{what!r} cannot be read ({error.strerror}): choose another file."
            ) from error
        read, store = read_file(path.name, raw), KEEPER.store()
        if isinstance(read, ReadPrediction):
            kept = store.put(PREDICTIONS, read.locked, read.label, Origin.IMPORTED)
            return f"/hypothesis?prediction={kept}"
        return f"/?run={keep_from_file(store, read.result, read.layer_effects, read.label)}"
    if path.suffix == ".json" or os.sep in what:
        raise InputError("file", f"There is no file {what!r}: check its name and folder.")
    if (locked := find_prediction(what)) is not None:
        return f"/hypothesis?prediction={locked.id}"
    return f"/?run={find(what).id}"


def _announce(server: "subprocess.Popen[bytes]", url: str, address: str, browser: bool) -> None:
    """Wait until the server answers, then print the run's address and open it in a browser."""
    health = f"{url}/_stcore/health"
    until = time.monotonic() + AWAITED_SECONDS
    while server.poll() is None and time.monotonic() < until:
        try:
            with urllib.request.urlopen(health, timeout=2):  # noqa: S310 (our own http address)
                break
        except OSError:
            time.sleep(0.1)
    else:
        return
    print(address, flush=True)
    if browser:
        webbrowser.open(address)


def _free_port(given: Settings) -> int:
    """The port of the settings, or any free port if another program uses that one."""
    for port in (given.port, 0):
        with suppress(OSError):
            return bindable_port(given.address, port)
    raise InputError("port", f"No port can be had on {given.address}: set HEADSWEEP_ADDRESS.")

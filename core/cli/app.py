"""The program `headsweep`: its commands, and how errors become messages and exit codes.

Exit codes: 0 done, 2 bad input, 1 anything else. Slow packages are imported only when a command
needs them, so `--help` answers at once.
"""

import gc
import sys
from collections.abc import Callable
from functools import wraps
from typing import Any

import typer
from typer.exceptions import Abort, TyperException

from core.cli.doctor import doctor
from core.cli.dose import dose
from core.cli.heads import head, joint, roles
from core.cli.knock_out import knock_out
from core.cli.open_link import open_
from core.cli.output import fail, log_in_lines
from core.cli.patch import patch
from core.cli.runs import app as runs
from core.cli.serve import serve
from core.cli.streams import give_up_output, is_disk_full, prepare_streams
from core.cli.sweep import models, sweep
from core.errors import InputError, StoreError
from core.settings import settings

app = typer.Typer(
    name="headsweep",
    help="Which attention heads does this prediction need? Ablate every head and see.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _with_settings(command: Callable[..., Any]) -> Callable[..., Any]:
    """The command, refused where a setting is wrong or unknown, whether it would read it or not."""

    @wraps(command)
    def run(**values: Any) -> Any:
        settings()
        return command(**values)

    return run


for command in (sweep, head, joint, roles, patch, knock_out, dose, models):
    app.command()(_with_settings(command))
app.command()(serve)  # its options are settings, checked once they are in their places
app.command()(doctor)  # says what is wrong with each
app.command("open")(_with_settings(open_))
app.add_typer(runs, name="runs")  # reads the settings to open the store


def main(arguments: list[str] | None = None) -> None:
    """The console script: every error becomes one line on stderr and an exit code."""
    # What importing torch makes is there to stay: to look for garbage in it again and again would
    # be a quarter of the start.
    gc.set_threshold(100_000)
    if not prepare_streams():
        fail("Standard output is closed: send it to a file or to /dev/null.", 1)
    log_in_lines()
    try:
        code = app(arguments, standalone_mode=False)
        sys.stdout.flush()  # here, where what goes wrong still has its sentence
    except InputError as error:
        fail(f"{_option(error.field)}{error}", 2)
    except TyperException as error:  # a wrong or missing option
        usage = _usage(error)  # empty if there was no command and the help was printed
        fail(f"{usage} (headsweep --help lists the options)", 2) if usage else sys.exit(2)
    except StoreError as error:
        fail(str(error), 1)
    except (Abort, KeyboardInterrupt):
        fail("stopped.", 1)
    except BrokenPipeError:  # the reader of the pipe has ended (`| head`)
        give_up_output()
        sys.exit(1)
    except Exception as error:
        give_up_output()
        if isinstance(error, OSError) and is_disk_full(error):
            fail(f"The disk is full ({error.strerror}): free some of it, or write elsewhere.", 1)
        fail(f"unexpected {type(error).__name__}: {error}", 1)
    sys.exit(code if isinstance(code, int) else 0)


def _usage(error: TyperException) -> str:
    format_message = getattr(error, "format_message", None)
    text = str(error if format_message is None else format_message())
    return text.replace("Value error, ", "")


def _option(field: str) -> str:
    names = {
        "corrupted_prompt": "corrupted-prompt",
        "file": "",
        "prepend_bos": "no-bos",
        "prob_after": "predicted-prob",
        "reference": "reference-file",
        "run": "",
        "serve": "",
        "settings": "",
        "spec": "",
        "variants": "variants-file",
    }
    name = names.get(field, field)
    return f"--{name}: " if name else ""

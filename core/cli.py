"""`headsweep`: the same sweep from a terminal. Exit codes: 0 done, 2 bad input, 1 anything else.

Nothing heavy is imported before a command needs it, so `--help` answers at once.
"""

import os
import sys
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from typer.exceptions import Abort, TyperException

from core.ablation import AblationKind
from core.errors import InputError
from core.spec import Positions, SweepSpec

if TYPE_CHECKING:
    from collections.abc import Iterator

    from core.results import SweepResult

app = typer.Typer(
    name="headsweep",
    help="Which attention heads does this prediction need? Ablate every head and see.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


class Format(StrEnum):
    """How a result is printed."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


class Device(StrEnum):
    """Where to compute."""

    AUTO = "auto"
    CPU = "cpu"
    CUDA = "cuda"
    MPS = "mps"


class WeightsOption(StrEnum):
    """`core.spec.Weights` as the command line needs it."""

    PROCESSED = "processed"
    RAW = "raw"


class DtypeOption(StrEnum):
    """`core.spec.Dtype` as the command line needs it."""

    FLOAT32 = "float32"
    BFLOAT16 = "bfloat16"


TABLE_ROWS = 20


@app.command()
def sweep(
    prompt: Annotated[str, typer.Option(help="The text the model reads.")],
    target: Annotated[
        list[str],
        typer.Option(
            help="The answer, usually with its leading space: ' jumps'. Several tokens are "
            "teacher-forced; given more than once, probabilities of the single tokens are added."
        ),
    ],
    model: Annotated[
        str, typer.Option(help="A name from `headsweep models`, a hub name, or a folder.")
    ] = "demo",
    foil: Annotated[
        list[str] | None, typer.Option(help="A rival answer, for the logit difference.")
    ] = None,
    ablation: Annotated[
        AblationKind, typer.Option(help="What a head's output is replaced by.")
    ] = AblationKind.MEAN_ACROSS_HEADS,
    corrupted_prompt: Annotated[
        str | None, typer.Option(help="For resample: a prompt with as many tokens to take z from.")
    ] = None,
    reference_file: Annotated[
        Path | None, typer.Option(help="For mean: the prompts to average over, one a line.")
    ] = None,
    positions: Annotated[
        str, typer.Option(help="Where to ablate: all, last, or numbers such as 0,3,5 (BOS is 0).")
    ] = "all",
    no_bos: Annotated[bool, typer.Option("--no-bos", help="Do not put BOS first.")] = False,
    weights: Annotated[
        WeightsOption, typer.Option(help="As TransformerLens processes them, or as published.")
    ] = WeightsOption.PROCESSED,
    device: Annotated[Device, typer.Option(help="Where to compute.")] = Device.AUTO,
    dtype: Annotated[
        DtypeOption, typer.Option(help="The model's number format.")
    ] = DtypeOption.FLOAT32,
    format: Annotated[  # the option's name is part of the contract
        Format, typer.Option(help="How to print the result.")
    ] = Format.TABLE,
    out: Annotated[Path | None, typer.Option(help="Write to this file instead.")] = None,
) -> None:
    """Ablate every head in turn and print what the target's probability does."""
    from core.models import catalogue
    from core.prompts import reference

    spec = SweepSpec(
        model=catalogue.canonical(model),
        prompt=prompt,
        target=tuple(target),
        foil=tuple(foil) if foil else None,
        ablation=ablation,
        corrupted_prompt=corrupted_prompt,
        reference=None if reference_file is None else reference.read(reference_file),
        positions=_positions(positions),
        prepend_bos=False if no_bos else None,
        weights=weights.value,
        dtype=dtype.value,
    )
    _check_writable(out)
    result = _run(spec, device.value)
    _write(result, format, out)


@app.command()
def models() -> None:
    """List the models known by name; any other hub name or local folder works too."""
    from rich.table import Table

    from core.models import catalogue, hub

    table = Table(box=None, header_style="bold", pad_edge=False)
    for name, justify in (
        ("name", "left"),
        ("shape", "right"),
        ("params", "right"),
        ("MB", "right"),
        ("here", "left"),
        ("about", "left"),
    ):
        table.add_column(name, justify=justify, no_wrap=True)  # type: ignore[arg-type]
    for known in catalogue.CATALOGUE:
        here = known.download_mb == 0 or hub.cached(known.source) is not None
        table.add_row(
            known.name,
            f"{known.n_layers} x {known.n_heads}",
            f"{known.n_params / 1e6:,.1f} M",
            f"{known.download_mb:,}" if known.download_mb else "–",
            "yes" if here else "no",
            ", also ".join((known.about, *known.aliases)),
        )
    _out().print(table)
    _out().print(
        "\nshape: layers x heads; MB: to download; here: already on this machine.\n"
        "Any Hugging Face name or local folder that TransformerLens's TransformerBridge boots "
        "works too: headsweep sweep --model ./my-checkpoint ...",
        highlight=False,
    )


def main(arguments: list[str] | None = None) -> None:
    """The console script: turns every failure into one line on stderr and an exit code."""
    try:
        code = app(arguments, standalone_mode=False)
    except InputError as error:
        _fail(f"{_option(error.field)}{error}", 2)
    except TyperException as error:  # a wrong or missing option
        usage = _usage(error)  # empty where the help was printed instead, for want of a command
        _fail(f"{usage} (headsweep --help lists the options)", 2) if usage else sys.exit(2)
    except (Abort, KeyboardInterrupt):
        _fail("stopped.", 1)
    except BrokenPipeError:  # the reader went away (`| head`): nothing left to say
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception as error:
        _fail(f"unexpected {type(error).__name__}: {error}", 1)
    sys.exit(code if isinstance(code, int) else 0)


def _run(spec: SweepSpec, device: str) -> "SweepResult":
    with _progress() as report:
        report(f"Loading {spec.model}", None)
        from core.models.loading import load_model
        from core.scoring import Scorer
        from core.sweep import with_progress

        model = load_model(spec.model, device, spec.dtype, spec.weights, report)
        result = None
        for result, fraction in with_progress(Scorer(model, spec)):
            report(f"Swept {len(result.heads)} of {model.n_all_heads} heads", fraction)
    assert result is not None
    return result


@contextmanager
def _progress() -> "Iterator[Any]":
    """A progress bar on stderr where that is a terminal; silence where it is not."""
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TimeElapsedColumn())
    console = Console(stderr=True)
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task("", total=None)

        def report(what: str, fraction: float | None) -> None:
            total = None if fraction is None else 1.0
            bar.update(task, description=what, total=total, completed=fraction or 0.0)

        yield report


def _write(result: "SweepResult", format: Format, out: Path | None) -> None:
    if format is Format.TABLE:
        if out is None:
            _print_table(result, _out())
        else:
            with out.open("w", encoding="utf-8") as file:
                _print_table(result, Console(file=file, width=100))
        return
    text = result.to_json() + "\n" if format is Format.JSON else result.to_csv()
    if out is None:
        sys.stdout.write(text)
    else:
        out.write_text(text, encoding="utf-8")


def _print_table(result: "SweepResult", console: Console) -> None:
    from rich.table import Table
    from rich.text import Text

    from core.prompts.tokens import visible
    from core.wording import percent, signed

    base = result.baseline
    between = " or " if isinstance(result.spec.target, tuple) else ""
    target = between.join(map(visible, result.target_tokens))
    console.print(
        Text(
            f"P({target}) = {percent(base.prob, 2)}, rank {base.rank}, nothing ablated · "
            f"{result.spec.model} · {result.spec.in_words()} · {result.spec.weights} weights · "
            f"{result.provenance.device} {result.provenance.dtype} · "
            f"{result.provenance.seconds:.2f} s"
        )
    )
    table = Table(box=None, header_style="bold", pad_edge=False)
    foil = base.logit_diff is not None
    columns = ["head", "P ablated, %", "change, points", "change, nats", "KL, nats", "rank"]
    for column in [*columns, *(["logit diff, nats"] if foil else [])]:
        table.add_column(column, justify="left" if column == "head" else "right")
    for effect in result.ranked()[:TABLE_ROWS]:
        change = 100 * effect.prob_change
        style = "" if abs(change) < 1 else "red" if change < 0 else "blue"
        table.add_row(
            effect.address.label,
            f"{100 * effect.prob:.2f}",
            Text(signed(change, 2), style=style),
            signed(effect.logprob_change, 3),
            f"{effect.kl:.3f}",
            str(effect.rank),
            *([signed(effect.logit_diff_change or 0.0, 3)] if foil else []),
        )
    console.print(table)
    if len(result.heads) > TABLE_ROWS:
        console.print(
            f"The {TABLE_ROWS} largest of {len(result.heads)} heads; --format csv gives all.",
            highlight=False,
        )


def _positions(text: str) -> Positions:
    if text in ("all", "last"):
        return text  # type: ignore[return-value]
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise InputError(
            "positions", f"{text!r} is not a choice: use all, last, or numbers such as 0,3,5."
        ) from None


def _check_writable(out: Path | None) -> None:
    """Found out before a long sweep, not after it."""
    if out is None:
        return
    if out.is_dir():
        raise InputError("out", f"{str(out)!r} is a folder: name a file.")
    if not out.parent.is_dir():
        raise InputError("out", f"There is no folder {str(out.parent)!r}: create it first.")
    if not os.access(out if out.exists() else out.parent, os.W_OK):
        raise InputError("out", f"{str(out)!r} cannot be written: choose another place.")


def _out() -> Console:
    return Console()


def _usage(error: TyperException) -> str:
    say = getattr(error, "format_message", None)
    return str(say() if say is not None else error).replace("Value error, ", "")


def _option(field: str) -> str:
    names = {
        "corrupted_prompt": "corrupted-prompt",
        "prepend_bos": "no-bos",
        "reference": "reference-file",
        "run": "",
        "spec": "",
    }
    name = names.get(field, field)
    return f"--{name}: " if name else ""


def _fail(message: str, code: int) -> None:
    line = " ".join(message.split())
    print(f"headsweep: {line}", file=sys.stderr)
    sys.exit(code)

"""The options that several commands share, and how they make a spec."""

import inspect
import os
from collections.abc import Callable
from enum import StrEnum
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from core.errors import InputError
from core.spec.ablation import AblationKind, default_kind
from core.spec.heads import shortened
from core.spec.reference_set import ReferenceLines, located_in, read
from core.spec.spec import Positions, SweepSpec
from core.text.typed_numbers import whole_numbers

if TYPE_CHECKING:
    from core.model.loaded import LoadedModel
    from core.results.metrics import Metric
    from core.results.result import SweepResult


class OutputFormat(StrEnum):
    """How a result is printed."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


class TableOrJson(StrEnum):
    """How a single measurement is printed."""

    TABLE = "table"
    JSON = "json"


class Device(StrEnum):
    """Where to compute."""

    AUTO = "auto"
    CPU = "cpu"
    CUDA = "cuda"
    MPS = "mps"


class WeightsOption(StrEnum):
    """The values of `core.spec.spec.Weights`, as the enum that typer needs."""

    PROCESSED = "processed"
    RAW = "raw"


class DtypeOption(StrEnum):
    """The values of `core.spec.spec.Dtype`, as the enum that typer needs."""

    FLOAT32 = "float32"
    BFLOAT16 = "bfloat16"


Prompt = Annotated[str, typer.Option(help="The text the model reads.")]
Target = Annotated[
    list[str],
    typer.Option(
        help="The answer, usually with its leading space: ' jumps'. Several tokens are "
        "teacher-forced; given more than once, probabilities of the single tokens are added."
    ),
]
Model = Annotated[
    str, typer.Option(help="A name from `headsweep models`, a hub name, or a folder.")
]
Foil = Annotated[list[str] | None, typer.Option(help="A rival answer, for the logit difference.")]
DEFAULT_KIND = "mean-across-heads, or HEADSWEEP_DEFAULT_ABLATION"
"""The default as the help says it: the same whatever the settings are."""
Ablation = Annotated[
    AblationKind | None,
    typer.Option(help="What a head's output is replaced by.", show_default=DEFAULT_KIND),
]
CorruptedPrompt = Annotated[
    str | None, typer.Option(help="For resample: a prompt with as many tokens to take z from.")
]
ReferenceFile = Annotated[
    Path | None,
    typer.Option(
        help="For mean and mean-positional: the texts to average over, one a line; for "
        "mean-positional each with as many tokens as the prompt."
    ),
]
VariantsFile = Annotated[
    Path | None,
    typer.Option(help="For --greedy: variants of your own too, 'prompt => target' a line."),
]
Where = Annotated[
    str, typer.Option(help="Where to ablate: all, last, or numbers such as 0,3,5 (BOS is 0).")
]
NoBos = Annotated[bool, typer.Option("--no-bos", help="Do not put BOS first.")]
Weights = Annotated[
    WeightsOption, typer.Option(help="As TransformerLens processes them, or as published.")
]
On = Annotated[Device, typer.Option(help="Where to compute.")]
Dtype = Annotated[DtypeOption, typer.Option(help="The model's number format.")]
MetricName = Annotated[
    str | None,
    typer.Option(
        help="What the table is sorted by and speaks of: prob, log-prob, log-odds, logit-diff, "
        "margin, kl or entropy. The default is the change of probability where that shows the "
        "heads, else the logit difference (with a foil) or the log odds."
    ),
]
Format = Annotated[TableOrJson, typer.Option(help="How to print the result.")]
Out = Annotated[Path | None, typer.Option(help="Write to this file instead.")]


def on_a_spec(command: Callable[..., None]) -> Callable[..., None]:
    """Make a command of a function whose first parameter is a spec.

    The options are those of `_spec_and_lines`, then those of the function. Raises `InputError`,
    whose message names the option with the wrong value, or the line of the reference file.
    """
    shared = inspect.signature(_spec_and_lines).parameters
    _, *own = inspect.signature(command).parameters.values()

    @wraps(command)
    def run(**values: Any) -> None:
        asked = {name: values.pop(name) for name in shared if name in values}
        if "ablation" not in asked:  # a command that ablates nothing by a kind
            asked["ablation"] = AblationKind.MEAN_ACROSS_HEADS
        spec, lines = _spec_and_lines(**asked)
        with located_in(lines):
            command(spec, **values)

    parameters = [p.replace(kind=p.KEYWORD_ONLY) for p in (*shared.values(), *own)]
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return run


def without(*names: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Take options of a spec away from a command of `on_a_spec` to which they would say nothing."""

    def narrowed(command: Callable[..., None]) -> Callable[..., None]:
        shared = inspect.signature(command)
        kept = [each for name, each in shared.parameters.items() if name not in names]
        command.__signature__ = shared.replace(parameters=kept)  # type: ignore[attr-defined]
        return command

    return narrowed


def _spec_and_lines(
    *,
    prompt: Prompt,
    target: Target,
    model: Model = "demo",
    foil: Foil = None,
    ablation: Ablation = None,
    corrupted_prompt: CorruptedPrompt = None,
    reference_file: ReferenceFile = None,
    positions: Where = "all",
    no_bos: NoBos = False,
    weights: Weights = WeightsOption.PROCESSED,
    dtype: Dtype = DtypeOption.FLOAT32,
) -> tuple[SweepSpec, ReferenceLines | None]:
    """The spec that the options ask for, and the lines that its reference set was read from."""
    from core.checkpoints import catalogue

    lines = None if reference_file is None else read(reference_file)
    spec = SweepSpec(
        model=catalogue.canonical(model),
        prompt=prompt,
        target=tuple(target),
        foil=tuple(foil) if foil else None,
        ablation=default_kind() if ablation is None else ablation,
        corrupted_prompt=corrupted_prompt,
        reference=None if lines is None else lines.texts,
        positions=_positions(positions),
        prepend_bos=False if no_bos else None,
        weights=weights.value,
        dtype=dtype.value,
    )
    return spec.asked_for(), lines


def load(spec: SweepSpec, device: Device, report: Any) -> "LoadedModel":
    """The model of a spec, loaded once in this process. Raises `InputError`."""
    report(f"Loading {spec.model}", None)
    from core.checkpoints.registry import MODELS, key_of

    return MODELS.get(key_of(spec, device.value), report)


def metric_named(name: str | None) -> "Metric | None":
    """The metric of an option's value; None for none. Raises `InputError` (field "metric")."""
    from core.results.metrics import METRICS

    if name is None:
        return None
    wanted = _bare(name)
    for metric in METRICS:
        if wanted in map(_bare, (metric.short, metric.name, metric.field)):
            return metric
    names = ", ".join(metric.short.replace(" ", "-").lower() for metric in METRICS)
    raise InputError("metric", f"{name!r} is not a metric: use {names}.")


def check_has_foil(metric: "Metric", foil: object) -> None:
    """Raise `InputError` (field "metric") for a metric that needs a foil where there is none."""
    if metric.needs_foil and foil is None:
        raise InputError(
            "metric", f"The {metric.short} compares the target with a foil: give one with --foil."
        )


def check_measured(metric: "Metric | None", result: "SweepResult") -> None:
    """Raise `InputError` (field "metric") where a result does not have the metric asked for."""
    if metric is None or metric.measures(result):
        return
    check_has_foil(metric, result.spec.foil)
    raise InputError(
        "metric", f"This run does not have the {metric.short}: sweep it again, with --fresh."
    )


def _bare(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter not in " -_")


def variants_text(path: Path) -> str:
    """The text of a file of variants. Raises `InputError` (field "variants")."""
    return file_text(path, "variants", "give a variant a line")


def file_text(path: Path, field: str, when_large: str) -> str:
    """The text of a file of lines. Raises `InputError` (that field); `when_large` is a remedy."""
    from core.spec.reference_set import MAX_BYTES

    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: the file name contains a NUL
        why = getattr(error, "strerror", None) or error
        raise InputError(
            field, f"{str(path)!r} cannot be read ({why}): choose another file."
        ) from error
    if len(raw) > MAX_BYTES:
        raise InputError(
            field,
            f"{str(path)!r} is larger than {MAX_BYTES // 1_000_000} MB: {when_large}.",
        )
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(
            field,
            f"{str(path)!r} is not UTF-8 text: byte {error.start + 1} is "
            f"0x{raw[error.start]:02X}. Save it as UTF-8.",
        ) from error


def _positions(text: str) -> Positions:
    if text in ("all", "last"):
        return text  # type: ignore[return-value]
    numbers = whole_numbers(text)
    if numbers is None:
        raise InputError(
            "positions", f"{text!r} is not a choice: use all, last, or numbers such as 0,3,5."
        )
    return numbers


def check_writable(out: Path | None) -> None:
    """Check, before a long sweep, that the file can be written. Raises `InputError` ("out")."""
    if out is None:
        return
    try:
        out.stat()
    except (FileNotFoundError, NotADirectoryError):
        pass
    except (OSError, ValueError) as error:  # a name that no file can have; a NUL in it
        why = getattr(error, "strerror", None) or error
        raise InputError(
            "out", f"{shortened(str(out))!r} cannot be written ({why}): choose another."
        ) from error
    if out.is_dir():
        raise InputError("out", f"{str(out)!r} is a folder: name a file.")
    if not out.parent.is_dir():
        raise InputError("out", f"There is no folder {str(out.parent)!r}: create it first.")
    if not os.access(out if out.exists() else out.parent, os.W_OK):
        raise InputError("out", f"{str(out)!r} cannot be written: choose another place.")

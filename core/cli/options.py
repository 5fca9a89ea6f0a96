"""The options that several commands share, and the spec that they make."""

import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from core.ablation import AblationKind
from core.errors import InputError
from core.spec import Positions, SweepSpec


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
Ablation = Annotated[AblationKind, typer.Option(help="What a head's output is replaced by.")]
CorruptedPrompt = Annotated[
    str | None, typer.Option(help="For resample: a prompt with as many tokens to take z from.")
]
ReferenceFile = Annotated[
    Path | None, typer.Option(help="For mean: the prompts to average over, one a line.")
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
Out = Annotated[Path | None, typer.Option(help="Write to this file instead.")]


def spec_of(
    *,
    model: str,
    prompt: str,
    target: list[str],
    foil: list[str] | None,
    ablation: AblationKind,
    corrupted_prompt: str | None,
    reference_file: Path | None,
    positions: str,
    no_bos: bool,
    weights: WeightsOption,
    dtype: DtypeOption,
) -> SweepSpec:
    """The spec that the options ask for; raises `InputError`."""
    from core.models import catalogue
    from core.prompts import reference

    return SweepSpec(
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


def _positions(text: str) -> Positions:
    if text in ("all", "last"):
        return text  # type: ignore[return-value]
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise InputError(
            "positions", f"{text!r} is not a choice: use all, last, or numbers such as 0,3,5."
        ) from None


def check_writable(out: Path | None) -> None:
    """Found out before a long sweep, not after it."""
    if out is None:
        return
    if out.is_dir():
        raise InputError("out", f"{str(out)!r} is a folder: name a file.")
    if not out.parent.is_dir():
        raise InputError("out", f"There is no folder {str(out.parent)!r}: create it first.")
    if not os.access(out if out.exists() else out.parent, os.W_OK):
        raise InputError("out", f"{str(out)!r} cannot be written: choose another place.")

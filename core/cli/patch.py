"""`headsweep patch`: activation patching in both directions, by head and by position."""

import time
from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import wraps
from typing import TYPE_CHECKING, Annotated, Any

import typer

from core.cli import options as given
from core.cli.numbers import whole_option
from core.cli.output import progress
from core.cli.patch_table import write_patching
from core.cli.tables import PrintFormat
from core.errors import InputError
from core.spec.ablation import AblationKind, Needs, default_kind
from core.spec.spec import SweepSpec

if TYPE_CHECKING:
    from core.circuits.patching import Patching
    from core.circuits.stream_patching import StreamPatching
    from core.model.loaded import LoadedModel


class What(StrEnum):
    """What is patched."""

    HEADS = "heads"
    RESIDUAL = "residual"


def _resampling(command: Callable[..., None]) -> Callable[..., None]:
    """A command that accepts resample ablation only, checked before the spec is made.

    The spec's own error would tell the user to leave out the corrupted prompt.
    """

    @wraps(command)
    def run(**values: Any) -> None:
        kind: AblationKind = values["ablation"] or default_kind()
        if kind.traits.needs is not Needs.CORRUPTED_PROMPT:
            raise InputError(
                "ablation",
                f"Patching takes z from a corrupted prompt, and {kind.value} has none: use "
                "--ablation resample with --corrupted-prompt.",
            )
        command(**values)

    return run


@_resampling
@given.on_a_spec
def patch(
    spec: SweepSpec,
    what: Annotated[
        What,
        typer.Option(help="Heads, or the residual stream at each layer and position."),
    ] = What.HEADS,
    by_position: Annotated[
        bool, typer.Option("--by-position", help="Also patch one position at a time.")
    ] = False,
    layer: Annotated[
        int | None, whole_option("With --by-position: the heads of this layer only.")
    ] = None,
    device: given.On = given.Device.AUTO,
    format: PrintFormat = None,
    out: given.Out = None,
) -> None:
    """Patch every head between two prompts, as a table or JSON: what it restores, and breaks."""
    if what is What.RESIDUAL and by_position:
        raise InputError(
            "by-position", "The residual stream is patched at each position already: leave it out."
        )
    if layer is not None and not by_position:
        raise InputError(
            "layer", "It is used with --by-position only: give that too, or leave this out."
        )
    given.check_writable(out)
    with progress() as report:
        loaded = given.load(spec, device, report)
        if what is What.RESIDUAL:
            result = _streams(loaded, spec, report)
        elif layer is not None and not 0 <= layer < loaded.n_layers:
            raise InputError(
                "layer",
                f"{spec.model} has no layer {layer}: its layers are 0 to {loaded.n_layers - 1}.",
            )
        else:
            result = _measured(loaded, spec, by_position, layer, report)
    write_patching(result, format, out)


def _measured(
    model: "LoadedModel", spec: SweepSpec, by_position: bool, layer: int | None, report: Any
) -> dict[str, Any]:
    from core.circuits.patching import Direction, iter_patching
    from core.circuits.patching_words import gap_words
    from core.spec.heads import all_heads
    from core.sweep.prepare import prepare
    from core.sweep.sweep import provenance

    started = time.perf_counter()
    resolved = prepare(model, spec).spec
    every_head = all_heads(model.n_layers, model.n_heads)
    heads = [head for head in every_head if layer is None or head.layer == layer]

    def both_directions(description: str, *arguments: Any) -> "dict[str, Patching]":
        results: dict[str, Patching] = {}
        for direction in Direction:
            for done, patching in iter_patching(model, spec, direction, *arguments):
                report(f"{description}, {direction.value}", done)
                results[direction.value] = patching
        return results

    whole = both_directions("Patching every head")
    positions = both_directions("Patching every position", heads, True) if by_position else None
    seconds = time.perf_counter() - started
    return {
        "schema": "headsweep.patch/2",
        "spec": resolved.to_dict(),
        **_plain(whole),
        "sentences": list(gap_words(whole["denoise"], whole["denoise"].metric)),
        "by_position": None if positions is None else _plain(positions),
        "provenance": provenance(model, seconds).to_dict(),
    }


def _plain(results: "Mapping[str, Patching | StreamPatching]") -> dict[str, Any]:
    return {name: patching.to_dict() for name, patching in results.items()}


def _streams(model: "LoadedModel", spec: SweepSpec, report: Any) -> dict[str, Any]:
    from core.circuits.patching import Direction
    from core.circuits.patching_words import gap_words
    from core.circuits.stream_patching import iter_stream_patching
    from core.sweep.prepare import prepare
    from core.sweep.sweep import provenance

    started = time.perf_counter()
    results = {}
    for direction in Direction:
        for done, patching in iter_stream_patching(model, spec, direction):
            report(f"Patching the residual stream, {direction.value}", done)
            results[direction.value] = patching
    return {
        "schema": "headsweep.patch-residual/2",
        "spec": prepare(model, spec).spec.to_dict(),
        **_plain(results),
        "sentences": list(gap_words(results["denoise"], results["denoise"].metric)),
        "provenance": provenance(model, time.perf_counter() - started).to_dict(),
    }

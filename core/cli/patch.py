"""`headsweep patch`: activation patching in both directions, by head and by position."""

import time
from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Annotated, Any

import typer

from core.cli import options as given
from core.cli.output import progress, write_json
from core.errors import InputError
from core.spec.ablation import AblationKind
from core.spec.spec import SweepSpec

if TYPE_CHECKING:
    from core.model.loaded import LoadedModel


def _resampling(command: Callable[..., None]) -> Callable[..., None]:
    """A command on a spec that takes resample only, and says so before there is a spec.

    A spec would say of a corrupted prompt under another kind to leave it out.
    """

    @wraps(command)
    def run(**values: Any) -> None:
        if (kind := values["ablation"]) is not AblationKind.RESAMPLE:
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
    by_position: Annotated[
        bool, typer.Option("--by-position", help="Also patch one position at a time.")
    ] = False,
    layer: Annotated[
        int | None, typer.Option(help="With --by-position: the heads of this layer only.")
    ] = None,
    device: given.On = given.Device.AUTO,
    out: given.Out = None,
) -> None:
    """Patch every head between two prompts, as JSON: what its clean z restores, and breaks."""
    if layer is not None and not by_position:
        raise InputError(
            "layer", "It is used with --by-position only: give that too, or leave this out."
        )
    given.check_writable(out)
    with progress() as report:
        loaded = given.load(spec, device, report)
        if layer is not None and not 0 <= layer < loaded.n_layers:
            raise InputError(
                "layer",
                f"{spec.model} has no layer {layer}: its layers are 0 to {loaded.n_layers - 1}.",
            )
        found = _measured(loaded, spec, by_position, layer, report)
    write_json(found, out)


def _measured(
    model: "LoadedModel", spec: SweepSpec, by_position: bool, layer: int | None, report: Any
) -> dict[str, Any]:
    from core.circuits.patching import Direction, iter_patching
    from core.spec.heads import all_heads
    from core.sweep.prepare import prepare
    from core.sweep.sweep import provenance
    from core.text.jsonable import jsonable

    started = time.perf_counter()
    read = prepare(model, spec).spec
    every = all_heads(model.n_layers, model.n_heads)
    heads = [head for head in every if layer is None or head.layer == layer]

    def both(said: str, *what: Any) -> dict[str, Any]:
        found = {}
        for direction in Direction:
            for done, patched in iter_patching(model, spec, direction, *what):
                report(f"{said}, {direction.value}", done)
                found[direction.value] = patched
        return {name: each.to_dict() for name, each in found.items()}

    whole = both("Patching every head")
    places = both("Patching every position", heads, True) if by_position else None
    seconds = time.perf_counter() - started
    return {
        "schema": "headsweep.patch/1",
        "spec": read.to_dict(),
        **whole,
        "by_position": places,
        "provenance": jsonable(provenance(model, seconds)),
    }

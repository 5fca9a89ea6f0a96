"""A spec's sweep for the command line: the run of it that is kept, or a new one."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from core.cli import options as given
from core.cli.output import say
from core.errors import StoreError
from core.spec.spec import SweepSpec
from core.store.keeper import KEEPER

if TYPE_CHECKING:
    from core.circuits.extra_columns import ExtraColumn, ExtraValues
    from core.results.layer_effects import LayerEffects
    from core.results.result import SweepResult


@dataclass(frozen=True)
class Swept:
    """A sweep, its layer effects where they are kept or were asked for, and extra columns."""

    result: "SweepResult"
    layer_effects: "LayerEffects | None" = None
    extra: "ExtraValues | None" = None


def swept(
    spec: SweepSpec,
    device: given.Device,
    report: Any,
    *,
    fresh: bool,
    layers: bool,
    columns: Sequence["ExtraColumn"] = (),
) -> Swept:
    """The kept run of a spec, else a new one, which is kept; a model is loaded where it is needed.

    With `layers` it has layer effects, which are kept with it; with `columns` it has these, which
    are not. `report` is called with what is being done and the share done. Raises `InputError`.
    """
    found, trouble = (None, "") if fresh else _kept(spec, device)
    if found is None:
        found = _new(spec, device, report)
        if trouble and not KEEPER.trouble:
            say(f"the kept run could not be used, and this one is kept in its place. {trouble}")
    if layers and found.layer_effects is None:
        found = replace(found, layer_effects=_layer_effects(spec, device, report, found.result))
    if columns:
        found = replace(found, extra=_extra(spec, device, report, columns))
    return found


def extra_columns(names: str | None) -> tuple["ExtraColumn", ...]:
    """The columns that an option names; none where it is not given. Raises `InputError`."""
    if names is None:
        return ()
    from core.circuits.extra_columns import columns_named

    return columns_named(names)


def say_missing_mlps(
    result: "SweepResult", layer_effects: "LayerEffects | None", line: int | None = None
) -> None:
    """Say on stderr why there are layers without their MLPs, where it is so; of which line."""
    from core.results.captions import no_mlp_words

    if layer_effects is not None and (why := no_mlp_words(result, layer_effects)):
        where = "" if line is None else f"line {line}: "
        say(f"--layers: {where}no MLPs. {why}")


def warn_of_trouble() -> None:
    """Say on stderr why runs are not kept, where they are not."""
    if KEEPER.trouble:
        say(f"this run is not kept. {KEEPER.trouble}")


def _kept(spec: SweepSpec, device: given.Device) -> tuple[Swept | None, str]:
    """The kept run of a spec and the weights on this machine, else None and why, if it is odd.

    It loads no model, so it is fast.
    """
    from core.checkpoints.fingerprint import (
        local_fingerprint,  # it reads the embedded model's files
    )

    weights = local_fingerprint(spec.model)
    if weights is None:
        return None, ""
    try:
        run = KEEPER.ask(lambda store: store.find(spec, weights))
    except StoreError as error:
        return None, str(error)
    if run is None or device.value not in ("auto", run.result.provenance.device):
        return None, ""
    if sys.stderr.isatty():
        print(f"Kept as run {run.id}; --fresh sweeps again.", file=sys.stderr)
    return Swept(run.result, run.layer_effects), ""


def _new(spec: SweepSpec, device: given.Device, report: Any) -> Swept:
    model = given.load(spec, device, report)
    from core.sweep.scorer import Scorer
    from core.sweep.sweep import sweep_with_progress

    result = None
    for result, fraction in sweep_with_progress(Scorer(model, spec)):
        report(f"Swept {len(result.heads)} of {model.n_all_heads} heads", fraction)
    assert result is not None
    run_id = KEEPER.keep(result)
    if refused := KEEPER.refusal(run_id):
        say(f"this run is not kept. {refused}")
    return Swept(result)


def _layer_effects(
    spec: SweepSpec, device: given.Device, report: Any, result: "SweepResult"
) -> "LayerEffects":
    model = given.load(spec, device, report)
    from core.progress import run_to_end
    from core.results.layer_effects import marked_heads
    from core.sweep.layer_sweep import iter_layer_effects
    from core.sweep.scorer import Scorer

    work = iter_layer_effects(Scorer(model, spec), marked_heads(result))
    found = run_to_end(work, lambda done: report("Ablating whole layers", done))
    KEEPER.add_layer_effects(result, found)
    return found


def _extra(
    spec: SweepSpec, device: given.Device, report: Any, columns: Sequence["ExtraColumn"]
) -> "ExtraValues":
    model = given.load(spec, device, report)
    from core.circuits.extra_columns import measure_extra_columns
    from core.progress import run_to_end
    from core.sweep.scorer import Scorer

    work = measure_extra_columns(Scorer(model, spec), columns)
    return run_to_end(work, lambda done: report("Measuring columns", done))

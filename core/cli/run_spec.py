"""A spec's sweep for the command line: the run of it that is kept, or a new one."""

import sys
from typing import TYPE_CHECKING, Any

from core.cli import options as given
from core.spec.spec import SweepSpec
from core.store.keeper import KEEPER

if TYPE_CHECKING:
    from core.results.result import SweepResult


def kept_run(spec: SweepSpec, device: given.Device) -> "SweepResult | None":
    """The kept run of a spec and the weights on this machine, else None.

    It loads no model, so it is fast.
    """
    from core.checkpoints.fingerprint import (
        local_fingerprint,  # it reads the embedded model's files
    )

    weights = local_fingerprint(spec.model)
    run = None if weights is None else KEEPER.find(spec, weights)
    if run is None or device.value not in ("auto", run.result.provenance.device):
        return None
    if sys.stderr.isatty():
        print(f"Kept as run {run.id}; --fresh sweeps again.", file=sys.stderr)
    return run.result


def new_run(spec: SweepSpec, device: given.Device, report: Any) -> "SweepResult":
    """Sweep a spec and keep the run; the model is loaded once in this process.

    `report` is called with what is being done and the share done. Raises `InputError`.
    """
    model = given.load(spec, device, report)
    from core.sweep.scorer import Scorer
    from core.sweep.sweep import sweep_with_progress

    result = None
    for result, fraction in sweep_with_progress(Scorer(model, spec)):
        report(f"Swept {len(result.heads)} of {model.n_all_heads} heads", fraction)
    assert result is not None
    KEEPER.keep(result)
    return result


def warn_of_trouble() -> None:
    """Say on stderr why runs are not kept, where they are not."""
    if KEEPER.trouble:
        print(f"headsweep: this run is not kept. {KEEPER.trouble}", file=sys.stderr)

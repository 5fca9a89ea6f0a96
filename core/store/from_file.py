"""Keeping a run that was read from a file."""

from core.results.layer_effects import LayerEffects
from core.results.result import SweepResult
from core.store.run import Label, Origin
from core.store.store import Store


def keep_from_file(
    store: Store, result: SweepResult, layer_effects: LayerEffects | None, label: Label
) -> str:
    """Keep a run from a file; returns its id.

    One that is there already, from a file that said less, gets what it lacks: layer effects, or a
    label. What is said of it here stays as it is.
    """
    run_id = store.keep(result, layer_effects, label, Origin.IMPORTED)
    kept = store.get(run_id)
    if kept is None:  # somebody has deleted it for good meanwhile
        return run_id
    if kept.layer_effects is None and layer_effects is not None:
        store.add_layer_effects(run_id, layer_effects)
    if kept.label == Label() != label:
        store.relabel(run_id, label)
    return run_id

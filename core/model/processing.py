"""What processing its weights means for one model: by its norms, and by whether it has biases."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.model.loaded import LoadedModel

_ANY = (
    "Processed: the norms' gains folded, value biases too where a model has them, writing weights "
    "centred under LayerNorm and not under RMSNorm."
)
_MATTERS = "It matters to zero and mean-across-heads ablation, where biases reach the values."


def processing(model: "LoadedModel") -> str:
    """What TransformerLens's processing does to this model's weights, in one sentence.

    Here nothing of it is ever seen but the shift of each head's z, by `LoadedModel.value_shift`.
    """
    if model.weights == "raw":
        return "Raw: the weights as they were published."
    adapter, cfg = model.bridge.adapter, model.bridge.cfg
    norm = "RMSNorm" if str(cfg.normalization_type).startswith("RMS") else "LayerNorm"
    folds = getattr(adapter, "supports_fold_ln", True)
    centres = norm == "LayerNorm" and getattr(adapter, "supports_center_writing_weights", True)
    parts = (
        f"{norm} folded" if folds else f"{norm} left as it is",
        "writing weights centred" if centres else "writing weights not centred",
        "value biases folded" if bool(model.value_shift.any()) else "no biases reach the values",
    )
    return f"Processed: {', '.join(parts)}."


def processing_help(model: "LoadedModel | None") -> str:
    """`processing` and what it matters to; in general, for raw weights or no model."""
    done = _ANY if model is None or model.weights == "raw" else processing(model)
    return f"{done} {_MATTERS}"

"""A checkpoint's config.json: read, checked before anything is built of it, and cleaned.

It is data that somebody else wrote. A number in it can ask for more memory than there is before
any weight is read, and some keys name code, kernels or other files.
"""

import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from core.checkpoints.files import CONFIG
from core.errors import ModelError
from core.text.json_form import MayLack, Nullable, Plain, check_form, json_shown, parsed_json

MAX_BYTES = 16_000_000
MAX_DEPTH = 32
MAX_COUNT = 100_000
"""Of layers, heads, experts: lists and modules are made of so many before sizes are compared."""
MAX_NUMBER = 2**40

_FORM = {
    "model_type": MayLack(Nullable(Plain.TEXT)),
    "architectures": MayLack(Nullable([Plain.TEXT])),
}
"""What is read of a config.json before transformers reads all of it."""
_SIZES = {
    "head_dim", "hidden_size", "intermediate_size", "max_position_embeddings", "n_ctx", "n_embd",
    "n_head", "n_inner", "n_layer", "n_positions", "num_attention_heads", "num_heads",
    "num_hidden_layers", "num_key_value_heads", "num_layers", "vocab_size",
}  # fmt: skip
"""Whole numbers from 1, where they are there and not null."""
_COUNT = re.compile(r"layer|head(?!_dim)|expert|label|attention_types|group|stage|depth|num_blocks")
_DROPPED = re.compile(
    r"auto_map|custom_\w+|_?(attn|experts)_implementation\w*|use_kernels|kernel_\w+|fusion_config"
    r"|transformers_weights|distributed_config|device_map|_name_or_path|_?num_labels|id2label"
    r"|label2id|base_model_\w+_plan|trust_remote_code|tokenizer_class"
    r"|(use_)?return_dict|output_(attentions|hidden_states|router_logits)|torchscript"
)
"""Keys that name code, kernels, other files or classes of a classifier, or that ask for another
form of a model's output. None determines a number of a language model."""


def read_config(name: str, folder: Path) -> dict[str, Any]:
    """A folder's config.json as it may be given to transformers: checked, and `cleaned`.

    Raises `ModelError`, in one sentence, for one that nothing can be built of.
    """
    try:
        if (folder / CONFIG).stat().st_size > MAX_BYTES:
            raise ValueError(f"it is larger than {MAX_BYTES / 1e6:.0f} MB")
        config = parsed_json((folder / CONFIG).read_text(encoding="utf-8"))
        _check_depth(config)
    except (ValueError, OSError):
        raise ModelError(f"{name!r} has a config.json that cannot be read: save it anew.") from None
    try:
        check_form(config, _FORM, "")
    except ValueError as error:
        raise ModelError(
            f"{name!r} has a config.json that cannot be read ({error}): save it anew."
        ) from None
    clean: dict[str, Any] = cleaned(config)
    try:
        _check_sizes(clean)
        _check_numbers(clean)
    except ValueError as error:
        raise ModelError(
            f"{name!r} could not be loaded: in its config.json {error}. Save it anew with "
            "save_pretrained(), or choose another."
        ) from None
    return clean


def cleaned(config: Any) -> Any:
    """A configuration without the keys that are no business of a language model's numbers."""
    match config:
        case Mapping():
            kept = {key: own for key, own in config.items() if not _DROPPED.fullmatch(key)}
            return {key: cleaned(own) for key, own in kept.items()}
        case list():
            return [cleaned(own) for own in config]
    return config


def _check_depth(config: object) -> None:
    layer = [config]
    for _ in range(MAX_DEPTH):
        layer = [own for each in layer for own in _children(each)]
        if not layer:
            return
    raise ValueError("it is nested too deeply")


def _children(value: object) -> Iterator[Any]:
    match value:
        case Mapping():
            yield from value.values()
        case list():
            yield from value


def _check_sizes(config: Mapping[str, Any]) -> None:
    parts = [part for part in (config, config.get("text_config")) if isinstance(part, Mapping)]
    for part in parts:
        for key in sorted(_SIZES & part.keys()):
            for size in part[key] if isinstance(part[key], list) else [part[key]]:
                check_form(size, Nullable(Plain.WHOLE), key)
                if size is not None and size < 1:
                    raise ValueError(f"{key} is {json_shown(size)}, not a whole number from 1")


def _check_numbers(config: Mapping[str, Any]) -> None:
    for key, value in _numbers(config, ""):
        if isinstance(value, float):
            if math.isnan(value):
                raise ValueError(f"{key} is no number (NaN)")
            continue
        most = MAX_COUNT if _COUNT.search(key) else MAX_NUMBER
        if abs(value) > most:
            raise ValueError(f"{key} is {json_shown(value)}, at most {most:,} are taken")


def _numbers(value: object, key: str) -> Iterator[tuple[str, int | float]]:
    """Every number in a value, with the key that it stands under."""
    match value:
        case bool():
            return
        case int() | float():
            yield key, value
        case Mapping():
            for name, own in value.items():
                yield from _numbers(own, name)
        case list():
            for own in value:
                yield from _numbers(own, key)

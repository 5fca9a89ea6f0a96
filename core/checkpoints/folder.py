"""The local folder of a checkpoint: where it is, and whether this program can read it."""

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from core.checkpoints import catalogue
from core.errors import ModelError
from core.text.json_form import MayLack, Nullable, Plain, check_form, json_shown, parsed_json

ReportProgress = Callable[[str, float | None], None]
"""Called with (description of the step, fraction done or None) while a model loads."""

_CONFIG = {
    "model_type": MayLack(Nullable(Plain.TEXT)),
    "architectures": MayLack(Nullable([Plain.TEXT])),
}
"""What is read of a config.json before transformers reads all of it."""


def checkpoint_folder(name: str, report: ReportProgress) -> Path:
    """The local folder of a model; a hub name is downloaded first."""
    known = catalogue.entry(name)
    source = known.source if known is not None else name
    if known is None and catalogue.is_path(name):
        return _local_folder(name)
    if known is not None and Path(source).is_dir():
        return Path(source)

    def downloading(done: int, total: int | None) -> None:
        size = f"{done / 1e6:,.0f} of {total / 1e6:,.0f} MB" if total else f"{done / 1e6:,.0f} MB"
        report(f"Downloading {name}: {size}", done / total if total else None)

    from core.checkpoints import hub

    return hub.fetch(source, downloading)


def _local_folder(name: str) -> Path:
    exists = False
    with contextlib.suppress(OSError, ValueError, RuntimeError):
        folder = Path(name).expanduser()
        if folder.is_dir():
            return folder
        exists = folder.exists()
    if exists:
        raise ModelError(f"{name!r} is a file: name the folder that holds config.json.")
    raise ModelError(f"There is no folder {name!r}: check the path.")


def check_folder(name: str, folder: Path) -> None:
    """Raise `ModelError` for a folder that is not a checkpoint that this program can read."""
    config_file = folder / "config.json"
    if not config_file.is_file():
        raise ModelError(
            f"{name!r} is not a model folder: it has no config.json. Name a folder saved with "
            "save_pretrained()."
        )
    try:
        config = parsed_json(config_file.read_text(encoding="utf-8"))
    except (ValueError, OSError):
        raise ModelError(f"{name!r} has a config.json that cannot be read: save it anew.") from None
    try:
        check_form(config, _CONFIG, "")
    except ValueError as error:
        raise ModelError(
            f"{name!r} has a config.json that cannot be read ({error}): save it anew."
        ) from None
    if not any(folder.glob("*.safetensors")):
        pickled = any(folder.glob("*.bin")) or any(folder.glob("*.pt"))
        raise ModelError(
            f"{name!r} holds only pickled weights, which could run code: save it as safetensors "
            "(save_pretrained does)."
            if pickled
            else f"{name!r} has a config.json but no weights (*.safetensors)."
        )
    _check_tokenizer_files(name, folder)
    _check_kind(name, config)


def _check_tokenizer_files(name: str, folder: Path) -> None:
    kinds = ("tokenizer.json", "tokenizer.model", "vocab.json", "spiece.model")
    if not any((folder / kind).is_file() for kind in kinds):
        raise ModelError(
            f"{name!r} has no tokenizer (tokenizer.json): save the tokenizer there too."
        )


def _check_kind(name: str, config: dict[str, Any]) -> None:
    from transformers import CONFIG_MAPPING

    kind = config.get("model_type")
    if "auto_map" in config and kind not in CONFIG_MAPPING:
        raise ModelError(
            f"{name!r} needs program code from its authors, which Headsweep never runs: choose a "
            "model that transformers supports itself."
        )
    if kind not in CONFIG_MAPPING:
        raise ModelError(f"{name!r} is of an unknown kind (model_type {json_shown(kind)}).")
    architectures = config.get("architectures") or []
    causal = any(a.endswith(("ForCausalLM", "LMHeadModel")) for a in architectures)
    if config.get("is_encoder_decoder") or (architectures and not causal):
        seen = ", ".join(architectures) or kind
        raise ModelError(
            f"{name!r} ({seen}) is not a causal language model: Headsweep sweeps models that "
            "predict the next token, such as GPT-2, Pythia or Llama."
        )

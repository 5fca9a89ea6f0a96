"""The local folder of a checkpoint: where it is, and whether this program can read it."""

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from core.checkpoints import catalogue
from core.checkpoints.config_json import read_config
from core.checkpoints.files import CONFIG, INDEX, SINGLE, check_regular, weight_files
from core.errors import ModelError
from core.prompts.tokenizer_rules import tokenizer_rules
from core.text.json_form import json_shown, parsed_json

ReportProgress = Callable[[str, float | None], None]
"""Called with (description of the step, fraction done or None) while a model loads."""

_TOKENIZERS = ("tokenizer.json", "tokenizer.model", "vocab.json", "spiece.model")
_BESIDE = ("tokenizer_config.json", "added_tokens.json", "special_tokens_map.json")
"""What names added tokens, beside a tokenizer's own file."""


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


def check_folder(name: str, folder: Path) -> dict[str, Any]:
    """The configuration of a folder that is a checkpoint that this program can read.

    Raises `ModelError`, in one sentence, for any other.
    """
    try:
        check_regular(folder, (CONFIG, SINGLE, INDEX, *_TOKENIZERS, *_BESIDE))
        if not (folder / CONFIG).is_file():
            raise ModelError(
                f"{name!r} is not a model folder: it has no config.json. Name a folder saved with "
                "save_pretrained()."
            )
        config = read_config(name, folder)
        weight_files(folder)
    except OSError as error:
        raise ModelError(f"{name!r} cannot be read here ({error.strerror}).") from None
    except ModelError:
        raise
    except ValueError as error:
        raise ModelError(f"{name!r} {error}.") from None
    _check_kind(name, config, remote=_needs_code(folder))
    _check_tokenizer(name, folder)
    return config


def _needs_code(folder: Path) -> bool:
    return '"auto_map"' in (folder / CONFIG).read_text(encoding="utf-8")


def _check_tokenizer(name: str, folder: Path) -> None:
    if not any((folder / kind).is_file() for kind in _TOKENIZERS):
        raise ModelError(
            f"{name!r} has no tokenizer (tokenizer.json): save the tokenizer there too."
        )
    file = folder / _TOKENIZERS[0]
    if not file.is_file():
        return
    beside = sum((folder / each).stat().st_size for each in _BESIDE if (folder / each).is_file())
    try:
        tokenizer_rules(parsed_json(file.read_text(encoding="utf-8")), beside)
    except UnicodeError:
        why = "it is no text"
    except (OSError, ValueError) as error:
        why = str(error)
    else:
        return
    raise ModelError(
        f"{name!r} could not be loaded: its tokenizer.json cannot be used ({why}). Save the "
        "tokenizer anew with save_pretrained(), or choose another model."
    )


def _check_kind(name: str, config: dict[str, Any], *, remote: bool) -> None:
    from transformers import CONFIG_MAPPING

    kind = config.get("model_type")
    if remote and kind not in CONFIG_MAPPING:
        raise ModelError(
            f"{name!r} needs program code from its authors, which Headsweep never runs: choose a "
            "model that transformers supports itself."
        )
    if kind not in CONFIG_MAPPING:
        raise ModelError(f"{name!r} is of an unknown kind (model_type {json_shown(kind)}).")
    if "quantization_config" in config or "compression_config" in config:
        raise ModelError(
            f"{name!r} has quantised weights, and Headsweep reads numbers as they were trained: "
            "choose the checkpoint that it was made from."
        )
    architectures = config.get("architectures") or []
    causal = any(a.endswith(("ForCausalLM", "LMHeadModel")) for a in architectures)
    if config.get("is_encoder_decoder") or (architectures and not causal):
        seen = ", ".join(architectures) or kind
        raise ModelError(
            f"{name!r} ({seen}) is not a causal language model: Headsweep sweeps models that "
            "predict the next token, such as GPT-2, Pythia or Llama."
        )

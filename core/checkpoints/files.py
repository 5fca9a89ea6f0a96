"""Which files of a checkpoint's folder are read: regular ones, at its top level, by known names.

Whatever is read is in the fingerprint. Nothing else of the folder is opened, so that a named pipe
or a device can keep nobody waiting.
"""

import json
import re
from pathlib import Path

CONFIG = "config.json"
SINGLE = "model.safetensors"
INDEX = "model.safetensors.index.json"
SHARD = re.compile(r"\w[\w.-]*\.safetensors", re.ASCII)
MAX_TEXT_BYTES = 2**28
"""Of a file of JSON; the largest tokenizers have 40 MB."""

_SUFFIXES = {".safetensors", ".json", ".txt", ".model"}
_NOT_MODEL = {"metrics.json", "generation_config.json"}


def model_files(folder: Path) -> list[Path]:
    """The files of a folder that may determine a model's numbers, by name. Raises `OSError`."""
    return sorted(
        path
        for path in folder.iterdir()
        if path.suffix in _SUFFIXES and path.name not in _NOT_MODEL and path.is_file()
    )


def shards(index: Path) -> set[str]:
    """The weight files that an index names; empty if it is not an index of safetensors files.

    A name with a folder in it is none of them.
    """
    try:
        if not index.is_file() or index.stat().st_size > MAX_TEXT_BYTES:
            return set()
        names = set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
        return names if all(map(SHARD.fullmatch, names)) else set()
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return set()


def weight_files(folder: Path) -> list[Path]:
    """The safetensors files that hold a folder's weights; transformers reads the same.

    Raises a `ValueError`: what is wrong with the folder, as the end of a sentence.
    """
    if (folder / SINGLE).is_file():
        return [folder / SINGLE]
    if not (folder / INDEX).is_file():
        pickled = any(any(folder.glob(f"*{end}")) for end in (".bin", ".pt", ".pth", ".ckpt"))
        raise ValueError(
            "holds only pickled weights, which could run code: save it as safetensors "
            "(save_pretrained does)"
            if pickled
            else f"has a config.json but no weights ({SINGLE}, or {INDEX} and what it names)"
        )
    names = sorted(shards(folder / INDEX))
    if not names:
        raise ValueError(
            f"has a {INDEX} that names something else than safetensors files beside it: save "
            "the model anew with save_pretrained()"
        )
    for name in names:
        if not (folder / name).is_file():
            raise ValueError(f"lacks {name}, which its {INDEX} names: copy or download it again")
    return [folder / name for name in names]


def check_regular(folder: Path, names: tuple[str, ...]) -> None:
    """Raise a `ValueError` for a name that is there and is no file that can be read."""
    for name in names:
        path = folder / name
        if (path.is_symlink() or path.exists()) and not path.is_file():
            raise ValueError(
                f"holds {name}, which is no file (a named pipe, a device, a folder or a link to "
                "nothing): put the file itself there"
            )
        if path.is_file() and path.suffix == ".json" and path.stat().st_size > MAX_TEXT_BYTES:
            raise ValueError(f"holds {name}, which is larger than {MAX_TEXT_BYTES / 1e6:,.0f} MB")

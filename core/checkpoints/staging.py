"""A folder with the files of a checkpoint that are read, and nothing else.

Libraries look for much in a folder: adapters of other models, kernels, templates, code. They are
given a folder of links to what is in the fingerprint, with a config.json that has been cleaned.
"""

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from core.checkpoints.files import CONFIG, INDEX, SINGLE, model_files, weight_files


@contextmanager
def staged(folder: Path, config: Mapping[str, Any]) -> Iterator[Path]:
    """A folder to load a checkpoint from; it is gone afterwards. Raises `OSError`, `ValueError`."""
    weights = weight_files(folder)
    others = [path for path in model_files(folder) if path.suffix != ".safetensors"]
    wanted = {path.name: path for path in (*others, *weights)}
    del wanted[CONFIG]
    if weights == [folder / SINGLE]:
        wanted.pop(INDEX, None)
    # What only an adapter or a classifier has would lead to another model.
    wanted.pop("adapter_config.json", None)
    with TemporaryDirectory(prefix="headsweep-") as made:
        own = Path(made)
        for name, path in wanted.items():
            _linked(own / name, path.resolve())
        (own / CONFIG).write_text(json.dumps(config), encoding="utf-8")
        yield own


def _linked(link: Path, file: Path) -> None:
    """A link to a file; a copy where the system allows none."""
    for make in (link.symlink_to, link.hardlink_to):
        try:
            make(file)
        except OSError:
            continue
        return
    shutil.copyfile(file, link)

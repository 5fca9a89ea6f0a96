"""The catalogue: the models that Headsweep knows by name.

Any other Hugging Face name or local folder works too. Shapes and sizes are those of the published
checkpoints, so that the cost of a model can be shown before anything is downloaded.
"""

import json
import math
from dataclasses import dataclass
from pathlib import Path

DEMO_FOLDER = Path(__file__).parent.parent / "demo" / "model"


@dataclass(frozen=True)
class CatalogueEntry:
    """A model of the catalogue. `download_mb` is 0 for the embedded model.

    `prepend_bos` None means TransformerLens's default for the model.
    """

    name: str
    source: str
    about: str
    n_layers: int
    n_heads: int
    n_params: int
    download_mb: int
    aliases: tuple[str, ...] = ()
    prepend_bos: bool | None = None

    @property
    def n_all_heads(self) -> int:
        """The number of heads in the whole model, which is the number of rows of a sweep."""
        return self.n_layers * self.n_heads


def _hub(
    name: str,
    source: str,
    about: str,
    shape: tuple[int, int],
    params: float,
    megabytes: int,
    aliases: tuple[str, ...] = (),
) -> CatalogueEntry:
    return CatalogueEntry(
        name, source, about, *shape, int(params * 1e6), megabytes, aliases, prepend_bos=True
    )


def _demo() -> CatalogueEntry:
    config = json.loads((DEMO_FOLDER / "config.json").read_text(encoding="utf-8"))
    return CatalogueEntry(
        name="demo",
        source=str(DEMO_FOLDER),
        about="embedded, works offline",
        n_layers=config["num_hidden_layers"],
        n_heads=config["num_attention_heads"],
        n_params=_count_parameters(DEMO_FOLDER / "model.safetensors"),
        download_mb=0,
        prepend_bos=True,
    )


def _count_parameters(weights: Path) -> int:
    """The number of parameters in a safetensors file, from its header alone.

    The file begins with the header's length in 8 bytes, then JSON with every tensor's shape.
    """
    with weights.open("rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
    return sum(math.prod(t["shape"]) for name, t in header.items() if name != "__metadata__")


CATALOGUE: tuple[CatalogueEntry, ...] = (
    _demo(),
    _hub("gpt2", "openai-community/gpt2", "GPT-2 small", (12, 12), 124.4, 548, ("gpt2-small",)),
    _hub("distilgpt2", "distilbert/distilgpt2", "distilled GPT-2", (6, 12), 81.9, 353),
    _hub("gpt2-medium", "openai-community/gpt2-medium", "GPT-2 medium", (24, 16), 354.8, 1520),
    _hub("gpt2-large", "openai-community/gpt2-large", "GPT-2 large", (36, 20), 774.0, 3247),
    _hub("gpt2-xl", "openai-community/gpt2-xl", "GPT-2 XL", (48, 25), 1557.6, 6431),
    _hub("pythia-70m", "EleutherAI/pythia-70m", "Pythia, 70 M", (6, 8), 70.4, 166),
    _hub("pythia-160m", "EleutherAI/pythia-160m", "Pythia, 160 M", (12, 12), 162.3, 375),
    _hub("pythia-410m", "EleutherAI/pythia-410m", "Pythia, 410 M", (24, 16), 405.3, 911),
    _hub("pythia-1b", "EleutherAI/pythia-1b", "Pythia, 1 B", (16, 8), 1011.8, 2091),
)


def entry(name: str) -> CatalogueEntry | None:
    """The entry for a name, an alias or a full hub name; None if the catalogue has none."""
    for known in CATALOGUE:
        if name in (known.name, known.source, *known.aliases):
            return known
    return None


def canonical(name: str) -> str:
    """The catalogue's name for a model ("gpt2" for "gpt2-small"); other names are unchanged.

    White space around the name is dropped. Every entrance resolves a name once with this function:
    the composer, a link, a kept run or a file, the command line, and `load_model`. Inside, names
    are canonical. A `SweepSpec` keeps the name that it is given, because it knows no catalogue.
    """
    name = name.strip()
    known = entry(name)
    return known.name if known is not None else name


def default_prepend_bos(name: str) -> bool | None:
    """Whether prompts begin with BOS; None means TransformerLens's default for the model."""
    known = entry(name)
    if known is not None:
        return known.prepend_bos
    family = name.rsplit("/", 1)[-1].lower()
    if name.startswith("EleutherAI/pythia") or (family.startswith("gpt2") and "/" not in name):
        return True
    return None


def looks_like_path(name: str) -> bool:
    """Whether a name can only mean a local folder. Does not access the disk."""
    return name.startswith(("/", "./", "../", "~", "\\")) or name.count("/") > 1


def is_path(name: str) -> bool:
    """Whether a model's name means a local folder rather than a name on the hub."""
    try:
        return looks_like_path(name) or Path(name).expanduser().is_dir()
    except (OSError, ValueError, RuntimeError):  # not a valid path on any file system
        return False

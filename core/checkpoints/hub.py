"""Checkpoints from the Hugging Face hub, in the cache that all tools of the machine share.

`huggingface_hub` downloads, retries, locks and manages the cache. This module chooses the files
(none that could run code) and explains failures to the user.
"""

import os
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from core.checkpoints.files import CONFIG, INDEX, SINGLE, shards
from core.errors import ModelError

OnProgress = Callable[[int, int | None], None]
"""(bytes so far, total bytes or None while unknown). It may raise to stop the download."""

TIMEOUT_S = 10.0
"""The longest wait, in seconds, for the hub's list of a repository's files."""

_TOKENIZER = re.compile(
    r"tokenizer\.(json|model)|vocab\.(json|txt)|(spiece|sentencepiece\.bpe)\.model|tekken\.json"
)
_SETTINGS = re.compile(r".*(?<!\.index)\.json|.*\.txt|.*\.jinja")
_PICKLE = re.compile(r".*\.(bin|pt|pth|ckpt|pkl)")
_INSTEAD = "use a local folder or the embedded model `demo`, which need no connection"


def cached(repo_id: str) -> Path | None:
    """The folder of a checkpoint that is complete in the cache, else None. Uses no network.

    Complete means: config.json, a tokenizer, and every safetensors file that the model needs.
    """
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    try:
        config = try_to_load_from_cache(repo_id, CONFIG, _cache_folder())
    except HFValidationError:
        return None
    folder = Path(config).parent if isinstance(config, str) else None
    return folder if folder is not None and _is_complete(folder) else None


def fetch(repo_id: str, on_progress: OnProgress | None = None) -> Path:
    """The local folder of a hub checkpoint: configuration, tokenizer and safetensors weights only.

    A checkpoint that is complete in the cache is returned at once, without network and without a
    call of `on_progress`. Otherwise the missing files are downloaded. `on_progress` is called about
    every 10 MB; an exception that it raises stops the download and is raised here. Every failure
    is a `ModelError`, whose text is one sentence that says what to do.
    """
    if (folder := cached(repo_id)) is not None:
        return folder
    from huggingface_hub import constants, logging
    from huggingface_hub.errors import HTTPError  # type: ignore[attr-defined]  # of its client

    logging.set_verbosity_error()  # errors are raised; warnings would show signed addresses
    # Xet ignores exceptions of the progress bar, so that nobody could stop a download.
    constants.HF_HUB_DISABLE_XET = True
    meter = _Meter(on_progress or (lambda done, total: None))
    meter.reach(0)
    commit, sizes = _listing(repo_id)
    try:
        return _download(repo_id, commit, sizes, meter)
    except (HTTPError, OSError) as error:
        raise ModelError(_explained(repo_id, error, listed=True)) from error


@dataclass
class _Meter:
    """Replaces tqdm, to which `huggingface_hub` reports the number of bytes downloaded."""

    on_progress: OnProgress
    total: int | None = None
    done: int = 0

    def __call__(self, **_: object) -> "_Meter":
        """The progress bar of the next file: all files share this one."""
        return self

    def __enter__(self) -> "_Meter":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def update(self, n_bytes: int) -> None:
        self.reach(self.done + n_bytes)

    def reach(self, n_bytes: int) -> None:
        self.done = n_bytes
        self.on_progress(n_bytes, self.total)


def _listing(repo_id: str) -> tuple[str, dict[str, int]]:
    """The newest commit, and the size in bytes of each file at its top level, by name."""
    from huggingface_hub import HfApi

    try:
        api = HfApi(endpoint=_endpoint(), library_name="headsweep")
        info = api.model_info(repo_id, files_metadata=True, timeout=TIMEOUT_S)
        files = {file.rfilename: file.size or 0 for file in info.siblings or ()}
        return info.sha or "main", {name: files[name] for name in files if "/" not in name}
    except Exception as error:  # a login page can cause any error; no code of ours runs in the try
        raise ModelError(_explained(repo_id, error, listed=False)) from error


def _download(repo_id: str, commit: str, sizes: dict[str, int], meter: _Meter) -> Path:
    from huggingface_hub import hf_hub_download

    def download(name: str, revision: str = commit) -> Path:
        path = hf_hub_download(
            repo_id,
            name,
            revision=revision,
            endpoint=_endpoint(),
            cache_dir=_cache_folder(),
            library_name="headsweep",
            tqdm_class=meter,  # type: ignore[call-overload]  # it calls only these methods
        )
        return Path(path)

    wanted = _configuration(repo_id, sizes)
    if SINGLE in sizes:
        wanted.append(SINGLE)
    else:
        parts = shards(download(INDEX))
        if not parts or not parts <= sizes.keys():
            raise ModelError(
                f"{repo_id} is damaged at the hub, where {INDEX} does not name its weight files: "
                "choose another model."
            )
        wanted = [INDEX, *wanted, *sorted(parts)]
    meter.total = sum(sizes[name] for name in wanted)
    done = 0
    for name in wanted:
        folder = download(name).parent
        done += sizes[name]
        meter.reach(done)
    # A request by branch name makes the cache record the newest commit; the file is here already.
    download(CONFIG, "main")
    return folder


def _configuration(repo_id: str, names: Iterable[str]) -> list[str]:
    """The configuration and tokenizer files. Raises `ModelError` if the model cannot be used."""
    names = sorted(names)
    problem = None
    if CONFIG not in names:
        problem = f"has no {CONFIG}, so it is not a transformers checkpoint"
    elif SINGLE not in names and INDEX not in names:
        pickled = any(map(_PICKLE.fullmatch, names))
        problem = "has only pickled weights, which could run code" if pickled else "has no weights"
        problem += f" ({SINGLE} is what Headsweep reads)"
    elif not any(map(_TOKENIZER.fullmatch, names)):
        problem = "has no tokenizer, so a prompt cannot be split into its tokens"
    if problem:
        raise ModelError(f"{repo_id} {problem}: choose another model.")
    return [name for name in names if _SETTINGS.fullmatch(name) or _TOKENIZER.fullmatch(name)]


def _is_complete(folder: Path) -> bool:
    """Whether a snapshot in the cache has all files that a model needs."""
    names = {path.name for path in folder.iterdir() if path.is_file()}
    weights = {SINGLE} if SINGLE in names else shards(folder / INDEX)
    has_tokenizer = any(map(_TOKENIZER.fullmatch, names))
    return CONFIG in names and has_tokenizer and bool(weights) and weights <= names


def _explained(repo_id: str, error: Exception, *, listed: bool) -> str:
    """The user's message for a failure; `listed` says whether the hub had listed the files.

    It never contains the error's own text, which may hold signed addresses or a token.
    """
    from huggingface_hub import errors

    if isinstance(error, errors.LocalEntryNotFoundError) and isinstance(error.__cause__, Exception):
        error = error.__cause__
    hub = (_endpoint() or "huggingface.co").rpartition("@")[2]
    kind = type(error).__name__
    match error:
        case errors.HFValidationError():
            return (
                f"{repo_id!r} is not a model name: use a name such as gpt2 or "
                "EleutherAI/pythia-70m, or the path of a local folder."
            )
        case errors.OfflineModeIsEnabled():
            return (
                f"{repo_id} is not on this machine yet, and HF_HUB_OFFLINE forbids to download "
                f"it: unset it, or {_INSTEAD}."
            )
        case errors.GatedRepoError():
            return (
                f"{repo_id} is gated: accept the terms on its Hugging Face page, and set HF_TOKEN "
                "to a token of the account that did."
            )
        case errors.DisabledRepoError():
            return f"{repo_id} was disabled by Hugging Face: choose another model."
        case errors.HfHubHTTPError(response=response) if response.status_code in (401, 403, 404):
            return (
                f"{repo_id} does not exist or is private: check the spelling, or set HF_TOKEN to "
                "a valid token that may read it."
            )
        case errors.HfHubHTTPError(response=response):
            busy = response.status_code == 429
            return (
                f"{hub} {'asks for fewer requests' if busy else 'has a problem'} (it answered "
                f"{response.status_code} for {repo_id}): try again in a few minutes, or {_INSTEAD}."
            )
        case OSError(errno=int()):
            return (
                f"{repo_id} could not be written to the cache ({error.strerror}): free some space, "
                "or set HF_HOME to a folder on a larger disk that you may write to."
            )
        case _ if listed:
            return f"The download of {repo_id} broke off ({kind}): check the connection, try again."
        case errors.HTTPError():  # type: ignore[attr-defined]
            return (
                f"{repo_id} is not on this machine yet, and {hub} cannot be reached ({kind}): "
                f"check the connection, or {_INSTEAD}."
            )
    return (
        f"{hub} answered with something else than the files of {repo_id} ({kind}): check "
        "HF_ENDPOINT, and whether a proxy or a login page stands in between."
    )


def _endpoint() -> str | None:
    """The hub's address from the environment, read now; None if none is set."""
    return os.environ.get("HF_ENDPOINT", "").rstrip("/") or None


def _cache_folder() -> Path | None:
    """The cache folder from the environment, read now; None for `huggingface_hub`'s default."""
    home = os.environ.get("HF_HOME")
    folder = os.environ.get("HF_HUB_CACHE") or (home and str(Path(home) / "hub"))
    return Path(os.path.expandvars(folder)).expanduser() if folder else None

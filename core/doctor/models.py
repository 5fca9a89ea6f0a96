"""Checks of the models: the embedded one is intact, which are on this machine, which are allowed.

The catalogue is imported inside the functions, because the import fails without the embedded
model's files.
"""

from collections.abc import Iterator
from pathlib import Path

from core.doctor.check import CheckResult, State
from core.doctor.hub import Kind, ask
from core.settings import Settings


def embedded(_: Settings) -> CheckResult:
    """Whether the embedded model's files are those with which the saved example was computed."""
    try:
        from core.checkpoints.catalogue import DEMO_FOLDER
        from core.checkpoints.fingerprint import fingerprint
        from core.demo import example

        here = fingerprint(DEMO_FOLDER)
        expected = example.saved().provenance.model_fingerprint
    except (OSError, ValueError, KeyError, TypeError) as error:  # truncated, or missing
        return _damaged(f"A file of it is missing or cannot be read ({error}).")
    if here == expected:
        return CheckResult(State.OK, f"Whole: its fingerprint is {here}, as in the saved example.")
    return _damaged(f"Changed: its fingerprint is {here}, and the saved example's {expected}.")


def path(_: Settings) -> CheckResult:
    """Whether the embedded model takes the fast path here: its wiring fits the installed libraries.

    It loads the model on the CPU and proves it, as any program does that sweeps.
    """
    from core.checkpoints.loading import load_model
    from core.errors import InputError, ModelError
    from core.results.captions import SLOWER_PATH

    try:
        model = load_model("demo", "cpu")
    except ModelError as error:
        return _damaged(f"The embedded model cannot be loaded ({error}).")
    except InputError as error:  # of the settings, which have a check of their own
        return CheckResult(State.WARNING, f"Not looked at: {error}", "Correct that first.")
    if not model.slower_because:
        return CheckResult(State.OK, "The embedded model takes the fast path.")
    return CheckResult(
        State.WARNING,
        f"The embedded model takes the {SLOWER_PATH}: {model.slower_because}.",
        "Sweeps work, but take longer. Install the versions of torch, transformers and "
        "transformer-lens that Headsweep asks for.",
    )


def on_this_machine(_: Settings) -> CheckResult:
    """Which models of the catalogue are on this machine."""
    from core.checkpoints import hub
    from core.checkpoints.catalogue import CATALOGUE

    here = [
        known.name
        for known in CATALOGUE
        if known.download_mb == 0 or hub.cached(known.source) is not None
    ]
    return CheckResult(
        State.OK, f"{len(here)} of {len(CATALOGUE)} in the catalogue: {', '.join(here)}."
    )


def allowed(given: Settings) -> CheckResult:
    """Which models of the operator's list are here, can be downloaded, or do not exist."""
    if not given.allowed_models and given.read_only:
        return CheckResult(State.OK, "No list, and read-only: those of the catalogue, by name.")
    if not given.allowed_models:
        return CheckResult(State.OK, "No list: any model that a user types may be loaded.")
    results = dict(_check_allowed(given.allowed_models))
    seen = "; ".join(f"{name}: {result.seen}" for name, result in results.items())
    states = [result.state for result in results.values()]
    to_do = dict.fromkeys(result.to_do for result in results.values() if result.to_do)
    return CheckResult(max(states, key=list(State).index), f"{seen}.", " ".join(to_do))


def _check_allowed(names: tuple[str, ...]) -> Iterator[tuple[str, CheckResult]]:
    from core.checkpoints import catalogue, hub

    silent = False
    for name in names:
        known = catalogue.entry(name)
        source = name if known is None else known.source
        if catalogue.is_path(source):
            yield name, _folder(Path(source).expanduser())
        elif hub.cached(source) is not None:
            yield name, CheckResult(State.OK, "here")
        elif silent:
            yield name, _unknown("the hub does not answer")
        else:
            result, silent = _at_the_hub(source)
            yield name, result


def _folder(folder: Path) -> CheckResult:
    if not folder.is_dir():
        seen = "no such folder"
    elif not (folder / "config.json").is_file() or not any(folder.glob("*.safetensors")):
        seen = "no model's folder (config.json and *.safetensors)"
    else:
        return CheckResult(State.OK, "here")
    return CheckResult(
        State.PROBLEM,
        seen,
        "Correct the paths in HEADSWEEP_ALLOWED_MODELS, or put the models there.",
    )


def _at_the_hub(repo_id: str) -> tuple[CheckResult, bool]:
    """Whether the hub has a model, and whether the hub is silent, so that no more is asked."""
    answer = ask(repo_id)
    match answer.kind:
        case Kind.GIVES:
            return CheckResult(State.OK, "to be downloaded"), False
        case Kind.REFUSES:
            return CheckResult(
                State.PROBLEM,
                f"not to be had at the hub ({answer.detail})",
                "Check the names in HEADSWEEP_ALLOWED_MODELS; a private or gated model needs "
                "HF_TOKEN.",
            ), False
        case Kind.OFFLINE:
            return _unknown("HF_HUB_OFFLINE forbids to download it"), False
        case Kind.FAILS | Kind.SOMETHING_ELSE | Kind.SILENT:
            return _unknown("the hub does not answer"), True


def _unknown(why: str) -> CheckResult:
    return CheckResult(
        State.WARNING, f"not here, and {why}", "Download them while the hub can be reached."
    )


def _damaged(seen: str) -> CheckResult:
    return CheckResult(
        State.PROBLEM,
        seen,
        "Install Headsweep again; in a git checkout: git checkout -- core/demo (and no conversion "
        "of line ends).",
    )

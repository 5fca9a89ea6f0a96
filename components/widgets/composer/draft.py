"""What the composer holds now: its fields as a spec, and what is wrong with them, by field."""

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from components.state import BOS, Session, chosen_key, live_model, value
from components.state.answer_syntax import as_positions, parse_answer
from components.state.uploads import Upload
from components.widgets.page.messages import error_message
from core.checkpoints import catalogue
from core.checkpoints.permitted import check_permitted, from_outside
from core.errors import InputError
from core.jobs import JobState
from core.spec import reference_set as reference
from core.spec.ablation import AblationKind, Needs
from core.spec.heads import shortened
from core.spec.spec import SweepSpec


@dataclass
class Draft:
    """What the composer holds now. `spec` is None while it cannot be run.

    `asked` is what the fields say even where their model may not be loaded.
    """

    spec: SweepSpec | None
    errors: dict[str, str]
    model: Any | None
    name: str
    asked: SweepSpec | None = None

    def show_error(self, field: str) -> None:
        """What is wrong with a field, beneath it."""
        if field in self.errors:
            error_message(self.errors[field])


def read_draft(state: Session) -> Draft:
    """The widgets' values as a spec, with what is wrong sorted by field."""
    errors: dict[str, str] = {}
    spec = None
    name = catalogue.canonical((value("model") or "").strip())
    try:
        spec = _spec(name)
    except InputError as error:
        errors[error.field] = str(error)
    asked = spec
    if (refused := _refused(state, name)) is not None:
        errors["model"] = refused
        return Draft(None, errors, None, name, asked)
    model = live_model(name)
    if model is not None:
        state.last_model = name
        if spec is not None:
            spec = _fitting(model, spec, errors)
    elif (failure := _load_failure(state, name)) is not None:
        errors["model"] = failure
        spec = None
    if state.failed is not None and spec is not None and spec == state.failed_for:
        errors.setdefault(state.failed.field, str(state.failed))
    return Draft(spec, errors, model, name, spec)


def _refused(state: Session, name: str) -> str | None:
    """Why a model is not so much as looked for; None where it may be."""
    try:
        check_permitted(name)
    except InputError as error:
        return str(error)
    if not state.is_unasked(name) or from_outside(name):
        state.allow(name)
        return None
    return (
        f"{shortened(name)} was named by a link, a file or an earlier run, which may load only "
        "models that are known by name here: load it if you trust where it comes from."
    )


def _spec(name: str) -> SweepSpec:
    """Raises `InputError` for the first field that no model could use."""
    kind = AblationKind(value("ablation"))
    needs = kind.traits.needs
    return SweepSpec(
        model=name,
        prompt=value("prompt") or "",
        target=parse_answer(value("target") or ""),
        foil=parse_answer(value("foil") or "") or None,
        ablation=kind,
        corrupted_prompt=value("corrupted_prompt") if needs is Needs.CORRUPTED_PROMPT else None,
        reference=chosen_reference(kind) if needs is Needs.REFERENCE else None,
        positions=as_positions(value("positions"), value("chosen_positions") or ""),
        prepend_bos=BOS[value("bos")],
        weights=value("weights"),
        dtype=value("dtype"),
    )


def choice_key(kind: AblationKind) -> str:
    """The widget that says where a kind's reference set comes from: it may be the default one."""
    return "reference_choice" if kind.traits.has_default else "own_reference"


def chosen_reference(kind: AblationKind) -> tuple[str, ...] | None:
    """The set chosen for a kind; None is the default one. Raises `InputError` for one that is not
    a set.
    """
    choice = value(choice_key(kind))
    if choice == "pasted":
        return reference.parse(value("reference_text") or "")
    if choice == "file":
        upload: Upload | None = value("reference_upload")
        if upload is None:
            raise InputError(
                "reference", "No file is chosen: upload a text file, one prompt a line."
            )
        return upload.reference()
    return None


def reference_at_hand() -> tuple[str, ...] | None:
    """The set chosen for the composer's kind, or else for another that takes one; None if none is.

    What is wrong with one is said where it was entered.
    """
    for kind in (AblationKind(value("ablation")), *AblationKind):
        if kind.traits.needs is Needs.REFERENCE:
            with suppress(InputError):
                if (found := chosen_reference(kind)) is not None:
                    return found
    return None


def _fitting(model: Any, spec: SweepSpec, errors: dict[str, str]) -> SweepSpec | None:
    """The spec if the loaded model can run it; else None, and why in `errors`."""
    from core.sweep.prepare import prepare

    try:
        prepare(model, spec)
    except InputError as error:
        errors[error.field] = str(error)
        return None
    return spec


def _load_failure(state: Session, name: str) -> str | None:
    """Why a model did not load. One that lies on this machine is loaded when it is chosen."""
    if not name:
        return None
    key = chosen_key(name)
    if state.load_tried != key:
        state.stop_loading()
        state.load_tried = key
        if on_this_machine(name):
            state.load(name)
            assert state.loading is not None
            state.loading.wait(0.1)  # a folder that is no model says so at once
    job = state.loading
    if job is not None and job.state is JobState.DONE:
        state.load(name)  # it was loaded, and has had to make room for others since
    failed = job is not None and job.state is JobState.FAILED
    return str(job.error) if job is not None and failed else None


def on_this_machine(name: str) -> bool:
    """Whether a model needs no download."""
    known = catalogue.entry(name)
    if known is not None and known.download_mb == 0:
        return True
    from core.checkpoints import hub

    return (
        catalogue.is_path(name)
        or hub.cached(known.source if known is not None else name) is not None
    )

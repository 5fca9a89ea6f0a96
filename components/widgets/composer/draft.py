"""What the composer holds now: its fields as a spec, and what is wrong with them, by field."""

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from components.state import BOS, Session, chosen_key, chosen_model, live_model, tokens_of, value
from components.state.answer_syntax import as_positions, parse_answer
from components.state.uploads import Upload
from components.widgets.page.messages import error_message
from core.checkpoints import catalogue
from core.checkpoints.permitted import check_permitted, is_permitted, permitted_in_links
from core.errors import InputError
from core.jobs import JobState
from core.prompts.tokens import TokenizedPrompt
from core.spec import reference_set as reference
from core.spec.ablation import AblationKind, Needs
from core.spec.checks import MAX_PROMPT_CHARACTERS
from core.spec.heads import shortened
from core.spec.spec import SweepSpec

if TYPE_CHECKING:
    from core.sweep.prepare import Prepared


@dataclass(frozen=True)
class Draft:
    """What the composer holds now. `spec` is None while it cannot be run.

    `requested` is what the fields say even where their model may not be loaded. Where `model` is
    loaded, `tokens` are the prompt's, read once for all that is drawn of them, and `prepared` is
    the spec made ready for it.
    """

    spec: SweepSpec | None
    errors: dict[str, str]
    model: Any | None
    name: str
    requested: SweepSpec | None = None
    tokens: TokenizedPrompt | None = None
    prepared: "Prepared | None" = None

    def show_error(self, field: str) -> None:
        """What is wrong with a field, beneath it."""
        if field in self.errors:
            error_message(self.errors[field])


def read_draft(state: Session) -> Draft:
    """The widgets' values as a spec, with what is wrong sorted by field; changes nothing."""
    errors: dict[str, str] = {}
    spec = None
    name = chosen_model()
    try:
        spec = _spec(name)
    except InputError as error:
        errors[error.field] = str(error)
    if (refused := _refused(state, name)) is not None:
        errors["model"] = refused
        return Draft(None, errors, None, name, spec)
    model = live_model(name)
    if model is None and (failure := _load_failure(state, name)) is not None:
        errors["model"] = failure
        spec = None
    tokens = None if model is None else _tokens(model, errors)
    prepared = None
    if model is not None and spec is not None:
        prepared = _prepared(model, spec, tokens, errors)
        spec = spec if prepared is not None else None
    failed = state.sweep.failed
    if failed is not None and spec is not None and spec == state.sweep.failed_for:
        errors.setdefault(failed.field, str(_located(failed)))
    return Draft(spec, errors, model, name, spec, tokens, prepared)


def update_models(state: Session) -> None:
    """Go on with having the composer's model: one that lies on this machine is loaded at once.

    Whoever chooses a model that is known by name, or that nothing but they has named, approves it.
    """
    name, models = chosen_model(), state.models
    if _refused(state, name) is not None:
        return
    models.approve(name)
    if live_model(name) is not None:
        models.last = name
    elif name and models.load_tried != chosen_key(name):
        models.stop_loading()
        models.load_tried = chosen_key(name)
        if on_this_machine(name):
            models.load(name)
            assert models.loading is not None
            models.loading.wait(0.1)  # a folder that is no model says so at once
    loaded = models.loading is not None and models.loading.state is JobState.DONE
    if name and loaded and live_model(name) is None:
        models.load(name)  # it was loaded, and has had to make room for others since


def _refused(state: Session, name: str) -> str | None:
    """Why a model is not so much as looked for; None where it may be."""
    try:
        check_permitted(name)
    except InputError as error:
        return str(error)
    if not state.models.is_untrusted(name) or permitted_in_links(name):
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
    ).asked_for()


def choice_key(kind: AblationKind) -> str:
    """The widget that says where a kind's reference set comes from: it may be the default one."""
    return "reference_choice" if kind.traits.has_default else "own_reference"


def chosen_reference(kind: AblationKind) -> tuple[str, ...] | None:
    """The set chosen for a kind; None is the default one. Raises `InputError` for one that is not
    a set.
    """
    lines = chosen_lines(kind)
    return None if lines is None else lines.texts


def chosen_lines(kind: AblationKind) -> reference.ReferenceLines | None:
    """`chosen_reference`, with the lines that its texts stand in."""
    choice = value(choice_key(kind))
    if choice == "pasted":
        return reference.parse_lines(value("reference_text") or "")
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


def _tokens(model: Any, errors: dict[str, str]) -> TokenizedPrompt | None:
    """The prompt's tokens, though other fields may be wrong; else None, and why in `errors`."""
    prompt = value("prompt") or ""
    if len(prompt) > MAX_PROMPT_CHARACTERS:
        return None
    try:
        return tokens_of(model, prompt)
    except InputError as error:
        errors.setdefault(error.field, str(error))
        return None


def _prepared(
    model: Any, spec: SweepSpec, tokens: TokenizedPrompt | None, errors: dict[str, str]
) -> "Prepared | None":
    """The spec if the loaded model can run it; else None, and why in `errors`."""
    from core.sweep.prepare import prepare

    if tokens is None:
        return None
    try:
        return prepare(model, spec, tokens)
    except InputError as error:
        errors[error.field] = str(_located(error))
        return None


def _located(error: InputError) -> InputError:
    """An error of the composer's spec; one about a reference text is said of its line."""
    lines = chosen_lines(AblationKind(value("ablation"))) if error.field == "reference" else None
    return error if lines is None else lines.located(error)


def _load_failure(state: Session, name: str) -> str | None:
    """Why the model did not load, if that has been tried."""
    job = state.models.loading
    if not name or job is None or state.models.load_tried != chosen_key(name):
        return None
    return str(job.error) if job.state is JobState.FAILED else None


def on_this_machine(name: str) -> bool:
    """Whether a model needs no download; no for one that may not be looked for."""
    if not is_permitted(name):
        return False
    known = catalogue.entry(name)
    if known is not None and known.download_mb == 0:
        return True
    from core.checkpoints import hub

    return (
        catalogue.is_path(name)
        or hub.cached(known.source if known is not None else name) is not None
    )

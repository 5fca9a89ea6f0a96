"""Opening a run in this tab: from a link, from the kept ones, or from a file.

What is opened fills the composer, and is on screen at once where it is known. It never loads a
model by itself that its user has not asked for, but for those a link may ask for.
"""

from collections.abc import Mapping, Sequence

from components.state import BOS, Session, put
from components.state.answer_syntax import positions_text, typed_answer
from components.state.front_page import front_page_spec
from components.state.sealed import of_run
from components.state.sweep_page import RunOnScreen
from components.state.uploads import Upload
from core.checkpoints import catalogue
from core.checkpoints.permitted import check_permitted, permitted_in_links
from core.demo import example
from core.errors import InputError, StoreError
from core.exports import links
from core.jobs import JOBS, JobState
from core.spec.reference_set import fits_lines
from core.spec.spec import SweepSpec
from core.store.keeper import KEEPER
from core.store.run import Origin, Run
from core.sweep.task import SweepTask

_BOS = {meant: name for name, meant in BOS.items()}


def open_run(state: Session, run: Run) -> None:
    """Put a kept run on screen, and its spec into the composer."""
    result = of_run(run)
    requested = links.as_requested(result.spec)
    fill(state, requested)
    state.sweep.stop()
    on_screen = RunOnScreen(run.id, run.created, run.origin is Origin.IMPORTED)
    state.sweep.show(result, requested, run=on_screen)


def open_spec(state: Session, spec: SweepSpec) -> None:
    """Put a spec into the composer; its sweep is shown where it is kept, and else begun."""
    fill(state, spec)
    sweep, known = state.sweep, JOBS.find(SweepTask(spec))
    sweep.stop()
    if known is not None and known.state is JobState.DONE:
        sweep.adopt(known)
    elif spec != sweep.requested or sweep.run.imported:
        sweep.linked, sweep.to_run = spec, True


def open_front_page(state: Session) -> None:
    """Put on screen what an address without parameters opens: nobody has asked for it."""
    spec = front_page_spec()
    state.sweep.front_page = spec
    open_spec(state, spec)


def open_address(state: Session, params: Mapping[str, Sequence[str]]) -> str:
    """Open what an address asks for; returns what is wrong with it, if anything.

    The kept run that it names is opened where it is kept here, else the spec that it gives.
    """
    try:
        run_id = links.run_id(params)
        run = None if run_id is None else KEEPER.ask(lambda store: store.get(run_id))
        if run is not None:
            open_run(state, run)
            return ""
        spec = links.from_params(params)
        if spec is None:
            return "" if run_id is None else _gone(run_id)
        return _open_linked(state, spec)
    except InputError as error:
        _fill_readable(state, params)
        return f"This link cannot be opened. {error}"
    except StoreError as error:
        return f"This link names a kept run. {error}"


def fill_from_address(state: Session, params: Mapping[str, Sequence[str]]) -> tuple[bool, str]:
    """Put what an address asks for into the composer alone.

    Returns whether it may be run as it stands, and what is wrong with it, if anything.
    """
    try:
        spec = links.from_params(params)
    except InputError as error:
        _fill_readable(state, params)
        return False, f"This link cannot be opened. {error}"
    if spec is None:
        fill(state, front_page_spec())
        return False, ""
    refused = refusal(spec)
    fill(state, spec, with_model=not refused)
    return not refused, refused


def _open_linked(state: Session, spec: SweepSpec) -> str:
    """A spec from a link: its model only if a link may ask for it."""
    refused = refusal(spec)
    if refused:
        fill(state, spec, with_model=False)
    else:
        open_spec(state, spec)
    return refused


def _fill_readable(state: Session, params: Mapping[str, Sequence[str]]) -> None:
    """Put into the composer what can be read of an address that is wrong somewhere."""
    usual = links.to_params(example.SPEC)
    given = {name: params[name] for name in links.names() if name in params}
    while given:
        try:
            spec = links.from_params({**usual, **given})
        except InputError as error:
            if given.pop(links.parameter_of(error.field), None) is None:
                return  # it is wrong as a whole
        else:
            assert spec is not None
            fill(state, spec, with_model=not refusal(spec))
            return


def refusal(spec: SweepSpec) -> str:
    """Why a link may not ask for a spec's model; nothing if it may."""
    try:
        check_permitted(spec.model)
    except InputError as error:
        return f"This link asks for another model. {error}"
    if permitted_in_links(spec.model):
        return ""
    return (
        f"This link asks for the model “{spec.model[:80]}”, and a link may ask only for those "
        "that are known by name here. All else is filled in: choose the model yourself if you "
        "trust where the link comes from."
    )


def _gone(run_id: str) -> str:
    return (
        f"This link names the run {run_id}, which is not kept here: it was deleted, or belongs to "
        "another Headsweep. Ask for a link with the whole sweep in it, or for its JSON file."
    )


def fill(state: Session, spec: SweepSpec, *, with_model: bool = True) -> None:
    """Put a spec into the composer's fields."""
    if with_model:
        name = catalogue.canonical(spec.model)
        put("model", name)
        state.models.name_from_outside(name)
    put("prompt", spec.prompt)
    put("target", typed_answer(spec.target))
    put("foil", typed_answer(spec.foil))
    put("ablation", spec.ablation)
    put("corrupted_prompt", spec.corrupted_prompt or "")
    chosen = () if isinstance(spec.positions, str) else spec.positions
    put("positions", "chosen" if chosen else spec.positions)
    put("chosen_positions", positions_text(chosen))
    put("bos", _BOS[spec.prepend_bos])
    put("weights", spec.weights)
    put("dtype", spec.dtype)
    put("control", None)
    _fill_reference(spec.reference)


def _fill_reference(reference: tuple[str, ...] | None) -> None:
    """Put a set where each kind that takes one reads it."""
    if reference is None:
        put("reference_choice", "default")
        return
    as_lines = fits_lines(reference)
    for key in ("reference_choice", "own_reference"):
        put(key, "pasted" if as_lines else "file")
    if as_lines:
        put("reference_text", "\n".join(reference))
    else:
        put("reference_upload", Upload("the opened run’s set", reference))

"""The two sides of a comparison: chosen from the kept runs, or asked for by a link."""

from contextlib import suppress
from dataclasses import dataclass

import streamlit as st

from components.state import Session, session, value
from components.state.tab import Side
from components.widgets.composer.draft import on_this_machine
from components.widgets.page.messages import error_message, note
from components.words.escaping import as_markdown
from components.words.timestamps import when
from core.checkpoints.permitted import from_outside, is_permitted
from core.errors import InputError, StoreError
from core.jobs import JOBS, JobState
from core.results.result import SweepResult
from core.spec.spec import SweepSpec
from core.store.keeper import KEEPER
from core.store.run import Origin, Run, Summary, answer_text
from core.sweep.task import SweepTask, result_of

OFFERED = 300
"""Runs in the two lists, the newest; older ones are chosen on the History page."""
EVERY = 0.3
NAMES = ("a", "b")


@dataclass(frozen=True)
class Sided:
    """A side that can be compared: its run's name (None: not kept) and its result."""

    run_id: str | None
    result: SweepResult
    imported: bool = False


def side_box(
    state: Session, name: str, offered: list[Summary], found: Sided | None
) -> Sided | None:
    """A side's list, and beneath it why it holds nothing, where `found_of` has found nothing."""
    side = side_of(state, name)
    known = {run.id: run for run in offered}
    options = list(known)
    chosen = _token(side)
    if chosen is not None and chosen not in known:
        options.insert(0, chosen)
    key = f"compare_{name}"
    st.session_state[key] = chosen
    st.selectbox(
        name.upper(),
        options,
        key=key,
        index=None,
        format_func=lambda token: _label(token, known, side),
        placeholder="choose a kept run" if offered else "no run is kept yet",
        on_change=_chosen,
        args=(name,),
    )
    if side is None or found is not None:
        return found
    return _kept(side[1]) if isinstance(side, tuple) else _swept(state, name, side)


def side_of(state: Session, name: str) -> Side | None:
    """What a side is to be."""
    return state.compare_a if name == "a" else state.compare_b


def found_of(state: Session, name: str) -> Sided | None:
    """What a side holds already; None where it is still to be swept, or cannot be had."""
    side = side_of(state, name)
    if isinstance(side, tuple):
        with suppress(StoreError):
            run_id = side[1]
            run = KEEPER.ask(lambda store: store.get(run_id))
            return None if run is None else _of_run(run)
    return _known(side) if isinstance(side, SweepSpec) else None


def set_side(state: Session, name: str, side: Side | None) -> None:
    """Give a side something else; a sweep under way for it is given up."""
    if (job := state.compare_jobs.pop(name, None)) is not None:
        JOBS.release(job)
    state.compare_stopped.discard(name)
    if name == "a":
        state.compare_a = side
    else:
        state.compare_b = side


def swap() -> None:
    """A for B."""
    state = session()
    state.compare_a, state.compare_b = state.compare_b, state.compare_a
    state.compare_stopped = {NAMES[1 - NAMES.index(name)] for name in state.compare_stopped}
    jobs = state.compare_jobs
    state.compare_jobs = {NAMES[1 - NAMES.index(name)]: job for name, job in jobs.items()}


def _chosen(name: str) -> None:
    token = value(f"compare_{name}")
    state = session()
    if token != _token(side_of(state, name)):
        set_side(state, name, None if token is None else ("run", token))


def _token(side: Side | None) -> str | None:
    if side is None:
        return None
    return side[1] if isinstance(side, tuple) else "spec"


def _label(token: str, known: dict[str, Summary], side: Side | None) -> str:
    if token in known:
        run = known[token]
        what = run.label.title or f"{run.prompt[:60]} → {run.target}"
        return f"{what} · {run.model} · {run.ablation} · {when(run.created)}"
    if isinstance(side, SweepSpec):
        return f"{side.prompt[:60]} → {answer_text(side.target)} · {side.model} · {side.ablation}"
    return f"run {token}"


def _kept(run_id: str) -> Sided | None:
    try:
        run = KEEPER.ask(lambda store: store.get(run_id))
    except StoreError as error:
        error_message(str(error))
        return None
    if run is None:
        error_message(
            f"The run {run_id} is not kept here: it was deleted, or belongs to another Headsweep. "
            "Choose another one."
        )
        return None
    return _of_run(run)


def _of_run(run: Run) -> Sided:
    return Sided(run.id, run.result, run.origin is Origin.IMPORTED)


def _known(spec: SweepSpec) -> Sided | None:
    """The finished sweep of a spec."""
    known = JOBS.find(SweepTask(spec))
    result = result_of(known)
    return None if known is None or result is None else Sided(known.run_id, result)


def _swept(state: Session, name: str, spec: SweepSpec) -> Sided | None:
    """A side that a link asks for and nobody has: swept now."""
    if not (is_permitted(spec.model) and from_outside(spec.model)):
        error_message(
            f"A link may not ask for the model {spec.model[:80]!r} here: sweep it yourself on the "
            "Sweep page, and choose that run."
        )
        return None
    job = state.compare_jobs.get(name)
    if name in state.compare_stopped:
        note("Stopped.")
        st.button("Sweep it", key=f"again_{name}", on_click=set_side, args=(state, name, spec))
        return None
    if job is None and (
        on_this_machine(spec.model) or st.button("Download and sweep", key=f"sweep_{name}")
    ):
        job = state.compare_jobs[name] = JOBS.ask(SweepTask(spec))
    if job is None:
        note(f"{spec.model} is not on this machine yet.")
    elif job.state is JobState.FAILED:
        error_message(str(job.error or InputError("run", "It failed.")))
        st.button("Try again", key=f"again_{name}", on_click=set_side, args=(state, name, spec))
    else:
        with st.container(key=state.progress_key(f"side_{name}")):
            _watch(name)
    return None


@st.fragment(run_every=EVERY)
def _watch(name: str) -> None:
    state = session()
    job = state.compare_jobs.get(name)
    if job is None or job.state.final:
        st.rerun()
        return
    job.looked_at()
    bar, stop = st.columns([4, 1.3], vertical_alignment="center")
    with bar:
        st.progress(min(1.0, job.fraction or 0.0), text=as_markdown(job.said))
    with stop:
        st.button("Cancel", key=f"cancel_{name}", on_click=_stop, args=(name,), width="stretch")


def _stop(name: str) -> None:
    """Give a side's sweep up; another who waits for the same one still gets it."""
    state = session()
    if (job := state.compare_jobs.pop(name, None)) is not None:
        JOBS.release(job)
        state.compare_stopped.add(name)

"""The two sides of a comparison: chosen from the kept runs, or asked for by a link."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

import streamlit as st

from components.state import SealedSweep, Session, finished_sweep, session, value
from components.state.compare_page import Side
from components.state.sealed import of_run
from components.widgets.composer.draft import on_this_machine
from components.widgets.page.messages import error_message, note
from components.widgets.page.progress import Waiting, progress
from components.words.timestamps import when
from core.checkpoints.permitted import is_permitted, permitted_in_links
from core.errors import InputError, StoreError
from core.jobs import JOBS, Job, JobState
from core.spec.spec import SweepSpec
from core.store.keeper import KEEPER
from core.store.run import Origin, Run, Summary, answer_text
from core.sweep.task import SweepTask

OFFERED = 300
"""Runs in the two lists, the newest; older ones are chosen on the History page."""
SHOWN = 60
"""Characters of a prompt in the two lists."""


@dataclass(frozen=True)
class Sided:
    """A side that can be compared: its run's name (None: not kept) and its result."""

    run_id: str | None
    sealed: SealedSweep
    imported: bool = False


def side_box(
    state: Session, name: str, offered: Sequence[Summary], found: Sided | None
) -> Sided | None:
    """A side's list, and beneath it why it holds nothing, where `found_of` has found nothing."""
    side = state.compare.sides.get(name)
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
    if isinstance(side, tuple):
        return _kept(side[1])
    _awaited(state, name, side)
    return None


def found_of(state: Session, name: str) -> Sided | None:
    """What a side holds already; None where it is still to be swept, or cannot be had."""
    side = state.compare.sides.get(name)
    if isinstance(side, tuple):
        with suppress(StoreError):
            run_id = side[1]
            run = KEEPER.ask(lambda store: store.get(run_id))
            return None if run is None else _of_run(run)
    return _known(side) if isinstance(side, SweepSpec) else None


def begin_sweeps(state: Session, sides: Mapping[str, Sided | None]) -> None:
    """Sweep what a link asks for and nobody has, unless that would download a model."""
    compare = state.compare
    for name, side in compare.sides.items():
        wanting = sides.get(name) is None and name not in compare.jobs
        if not wanting or name in compare.stopped or not isinstance(side, SweepSpec):
            continue
        if _may_be_asked_for(side) and on_this_machine(side.model):
            compare.sweep(name)


def _chosen(name: str) -> None:
    token = value(f"compare_{name}")
    compare = session().compare
    if token != _token(compare.sides.get(name)):
        compare.choose(name, None if token is None else ("run", token))


def _token(side: Side | None) -> str | None:
    if side is None:
        return None
    return side[1] if isinstance(side, tuple) else "spec"


def _label(token: str, known: dict[str, Summary], side: Side | None) -> str:
    """The kind and the model first: a narrow box shows no more."""
    if token in known:
        run = known[token]
        what = run.label.title or _asked(run.prompt, run.target)
        return f"{run.ablation} · {run.model} · {what} · {when(run.created)}"
    if isinstance(side, SweepSpec):
        what = _asked(side.prompt, answer_text(side.target))
        return f"{side.ablation} · {side.model} · {what}"
    return f"run {token}"


def _asked(prompt: str, target: str) -> str:
    """A question on one line, cut where it is long."""
    shown = prompt if len(prompt) <= SHOWN else f"{prompt[: SHOWN - 1]}…"
    return f"{shown} → {target}"


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
    return Sided(run.id, of_run(run), run.origin is Origin.IMPORTED)


def _known(spec: SweepSpec) -> Sided | None:
    """The finished sweep of a spec."""
    known = JOBS.find(SweepTask(spec))
    found = None if known is None else finished_sweep(known)
    return None if known is None or found is None else Sided(known.run_id, found)


def _may_be_asked_for(spec: SweepSpec) -> bool:
    return is_permitted(spec.model) and permitted_in_links(spec.model)


def _awaited(state: Session, name: str, spec: SweepSpec) -> None:
    """How far the sweep of a side is, or why there is none."""
    compare = state.compare
    job = compare.jobs.get(name)
    if not _may_be_asked_for(spec):
        error_message(
            f"A link may not ask for the model {spec.model[:80]!r} here: sweep it yourself on the "
            "Sweep page, and choose that run."
        )
    elif name in compare.stopped:
        note("Stopped.")
        st.button("Sweep it", key=f"again_{name}", on_click=compare.sweep, args=(name,))
    elif job is None:
        st.button("Download and sweep", key=f"sweep_{name}", on_click=compare.sweep, args=(name,))
        note(f"{spec.model} is not on this machine yet.")
    elif job.state in (JobState.FAILED, JobState.CANCELLED):
        error_message(str(job.error or InputError("run", "It failed.")))
        st.button("Try again", key=f"again_{name}", on_click=compare.sweep, args=(name,))
    elif job.state.final:
        st.rerun()  # it has ended since this run looked: draw what it has found
    else:
        progress(
            f"side_{name}", Waiting(partial(_unfinished, state, name), partial(compare.stop, name))
        )


def _unfinished(state: Session, name: str) -> list[tuple[str, Job]]:
    job = state.compare.jobs.get(name)
    return [] if job is None or job.state.final else [("", job)]

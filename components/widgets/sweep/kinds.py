"""Do the kinds of ablation agree? One click sweeps the prompt under each of them."""

import streamlit as st

from components.figures.base.look import Look
from components.figures.base.metric import PROB, Metric
from components.figures.kind_multiples import kind_multiples
from components.state import Session, finished_sweep, value
from components.widgets.composer.draft import chosen_reference
from components.widgets.page.messages import note
from components.widgets.page.progress import Waiting, progress
from components.widgets.sweep.heatmap import CHART_CONFIG
from components.words.escaping import as_html
from core.errors import InputError
from core.jobs import Job, JobState
from core.results.agreement import Agreement, agreement
from core.results.result import SweepResult
from core.spec.ablation import AblationKind
from core.text.numbers import signed


def kinds_panel(result: SweepResult, metric: Metric, state: Session, look: Look) -> None:
    """The button; once pressed, small multiples, rank correlations and the disputed heads."""
    comparing = state.kinds.is_of(state.sweep.requested)
    with st.container(key="kinds"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.html('<p class="hs-title">Do the kinds of ablation agree?</p>', width="content")
            label = _label(state) if comparing else "Compare all kinds on this prompt"
            if label:
                st.button(
                    label,
                    key="compare_kinds",
                    on_click=_compare,
                    args=(state,),
                    disabled=not result.complete or state.models.is_untrusted(result.spec.model),
                )
        if comparing:
            shown = metric if metric.measures(result) else PROB
            _comparison(result, shown, state, look)


def _compare(state: Session) -> None:
    try:
        reference = chosen_reference()
    except InputError:  # it is said where it was entered; the comparison takes the default set
        reference = None
    assert state.sweep.requested is not None
    state.kinds.begin(state.sweep.requested, value("corrupted_prompt") or None, reference)


def _label(state: Session) -> str:
    """What pressing again would do; nothing if nothing."""
    requested, jobs = state.kinds.requested, state.kinds.jobs
    assert requested is not None
    stopped = set(AblationKind) - set(jobs) - {AblationKind.RESAMPLE}
    if stopped:
        return "Finish the comparison"
    swept = jobs.get(AblationKind.RESAMPLE)
    now = None if swept is None or swept.spec is None else swept.spec.corrupted_prompt
    typed = requested.corrupted_prompt or value("corrupted_prompt") or None
    if typed is None or typed == now:
        return ""
    return "Add resample" if now is None else "Resample from the new corrupted prompt"


def _comparison(result: SweepResult, metric: Metric, state: Session, look: Look) -> None:
    jobs = state.kinds.jobs
    progress(
        "kinds",
        Waiting(
            jobs=lambda: [(f"{kind.label}: ", job) for kind, job in state.kinds.unfinished.items()],
            stop=state.kinds.stop,
        ),
    )
    results = {
        kind: state.reveal(sealed).result
        for kind, job in jobs.items()
        if (sealed := finished_sweep(job)) is not None
    }
    absent = {kind: _absent(kind, jobs.get(kind)) for kind in AblationKind if kind not in results}
    chart, words = st.columns([1.55, 1], gap="large")
    with chart:
        st.plotly_chart(
            kind_multiples(results, absent, result.shape, metric, look, state.selection.head),
            key="kind_multiples",
            theme=None,
            config=CHART_CONFIG,
            alt=f"{metric.title} under each kind of ablation, one heatmap a kind",
        )
        done = " · ".join(as_html(found.spec.in_words()) for found in results.values())
        st.html(f'<div class="hs-quiet" style="margin-top:-.4rem">{done}</div>')
    with words:
        if len(results) < 2:
            note("The comparison appears when two kinds are done.")
            return
        found = agreement(results, metric.field)
        st.html(_correlations(found))
        st.html(_disputed(found, metric))


def _absent(kind: AblationKind, job: Job | None) -> str:
    if job is not None:
        return str(job.error) if job.state is JobState.FAILED else "Not done yet."
    if kind is AblationKind.RESAMPLE:
        return (
            "Needs a corrupted prompt with as many tokens: choose resample in the composer and "
            "type one."
        )
    return "Stopped."


def _correlations(found: Agreement) -> str:
    """The lower triangle of Spearman's correlations."""
    kinds = found.kinds
    head = "".join(f"<th>{as_html(kind.label)}</th>" for kind in kinds[:-1])
    rows = []
    for below, kind in enumerate(kinds[1:], start=1):
        cells = "".join(
            f"<td>{_number(found.correlations.get((other, kind)))}</td>" for other in kinds[:below]
        )
        rows.append(f"<tr><th>{as_html(kind.label)}</th>{cells}</tr>")
    return (
        '<div class="hs-findings"><p>On this prompt, how alike two kinds rank the heads '
        "(Spearman; 1 is the same order, 0 none in common):</p></div>"
        f'<table class="hs-table"><tr><th></th>{head}</tr>{"".join(rows)}</table>'
    )


def _number(value: float | None) -> str:
    return "–" if value is None else signed(value, 2)


def _disputed(found: Agreement, metric: Metric) -> str:
    head = "".join(f"<th>{as_html(kind.label)}</th>" for kind in found.kinds)
    rows = "".join(
        f"<tr><th>{address.label}</th>"
        + "".join(f"<td>{metric.text(metric.factor * value)}</td>" for value in values)
        + "</tr>"
        for address, values in found.disputed
    )
    return (
        f'<div class="hs-findings"><p>Where they differ most ({as_html(metric.title)}, '
        f"{metric.unit}):</p></div>"
        f'<table class="hs-table"><tr><th></th>{head}</tr>{rows}</table>'
    )

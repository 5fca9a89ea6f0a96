"""Do the kinds of ablation agree? One click sweeps the prompt under each of them."""

import streamlit as st

from components.figures.base.look import Look
from components.figures.kind_multiples import kind_multiples
from components.state import Session, finished_sweep, value
from components.widgets.composer.draft import reference_at_hand
from components.widgets.page.chart_config import CHART_CONFIG
from components.widgets.page.messages import note
from components.widgets.page.progress import Waiting, progress
from components.words.escaping import as_html
from components.words.page_html import quiet_html
from core.jobs import Job, JobState
from core.results.agreement import Agreement, agreement, with_kind
from core.results.leading import opening
from core.results.metrics import Metric
from core.results.result import SweepResult
from core.spec.ablation import AblationKind, Needs
from core.sweep.task import spec_of
from core.text.numbers import signed
from core.text.words import joined, phrase


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
            _comparison(result, metric, state, look)


def _compare(state: Session) -> None:
    assert state.sweep.requested is not None
    corrupted = value("corrupted_prompt") or None
    state.kinds.begin(state.sweep.requested, corrupted, reference_at_hand())


_NEWER = {
    Needs.CORRUPTED_PROMPT: "from the new corrupted prompt",
    Needs.REFERENCE: "over the new reference set",
}


def _label(state: Session) -> str:
    """What pressing again would do; nothing if nothing."""
    requested, jobs = state.kinds.requested, state.kinds.jobs
    assert requested is not None
    to_give = [kind for kind in AblationKind if kind.traits.lacks]
    if set(AblationKind) - set(jobs) - set(to_give):
        return "Finish the comparison"
    for kind in to_give:
        now = with_kind(requested, kind, value("corrupted_prompt") or None, reference_at_hand())
        job = jobs.get(kind)
        if now is not None and job is None:
            return f"Add {kind.label}"
        if now is not None and job is not None and spec_of(job) != now:
            return f"{kind.label.capitalize()} {_NEWER[kind.traits.needs]}"
    return ""


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
    if not all(map(metric.measures, [result, *results.values()])):  # of an older Headsweep, say
        metric = opening(result, *results.values()).metric
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
        done = joined(" · ", (phrase(found.spec.in_words()) for found in results.values()))
        st.html(quiet_html(done))
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
    return kind.traits.lacks or "Stopped."


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

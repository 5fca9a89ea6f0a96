"""Do the kinds of ablation agree? One click sweeps the prompt under each of them."""

from collections.abc import Iterable, Sequence

import streamlit as st
from markupsafe import Markup

from components.figures.base.look import Look
from components.figures.kind_multiples import kind_multiples
from components.state import Session, finished_sweep, live_model, value
from components.widgets.composer.corruption_builders import try_resample
from components.widgets.composer.draft import reference_at_hand
from components.widgets.page.chart_config import CHART_CONFIG
from components.widgets.page.html import show_html
from components.widgets.page.messages import note
from components.widgets.page.progress import Waiting, progress
from components.words.markup import fill, joined_html, quiet_html
from components.words.terms import with_terms
from core.jobs import Job, JobState
from core.results.agreement import (
    LARGEST,
    Agreement,
    Correlation,
    agreement,
    untried,
    with_kind,
)
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
            title = fill(
                '<p class="hs-title">{}</p>', with_terms("Do the kinds of ablation agree?")
            )
            show_html(title, width="content")
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
        show_html(quiet_html(done))
    with words:
        if len(results) < 2:
            note("The comparison appears when two kinds are done.")
            return
        found = agreement(results, metric.field)
        show_html(_correlations(found))
        show_html(_disputed(found, metric))
        _untried(found, result, state)


def _untried(found: Agreement, result: SweepResult, state: Session) -> None:
    """What was not compared, above all resampling, which is offered; agreement is no comfort."""
    missing = untried(found.kinds)
    if not missing:
        return
    named = ", ".join(kind.label for kind in missing)
    show_html(
        quiet_html(phrase(f"Not tried: {named}. {_WHY if _lacks_resample(found) else _LESS}"))
    )
    if not _lacks_resample(found):
        return
    model = None if state.models.is_untrusted(result.spec.model) else live_model(result.spec.model)
    st.button(
        "Try resample",
        key="try_resample",
        on_click=try_resample,
        args=(model, result.spec.prompt, bool(result.spec.prepend_bos)),
        disabled=model is None,
        help="Builds a corrupted prompt from this one, with its names swapped, the words of its "
        "first copy shuffled, or else random tokens, and puts it in the composer as resample "
        "ablation, for you to look at and sweep.",
    )


def _lacks_resample(found: Agreement) -> bool:
    return AblationKind.RESAMPLE not in found.kinds


_WHY = (
    "Kinds that replace a head by a constant can agree with each other and not with resample, "
    "which puts in what the head writes on a corrupted prompt: that they agree shows nothing more."
)
_LESS = "That the others agree says nothing of these."


def _absent(kind: AblationKind, job: Job | None) -> str:
    if job is not None:
        return str(job.error) if job.state is JobState.FAILED else "Not done yet."
    return kind.traits.lacks or "Stopped."


def _correlations(found: Agreement) -> Markup:
    """The lower triangle of Spearman's correlations: over all heads, and over the largest."""
    kinds = found.kinds
    rows = [
        (kind.label, [_pair(found.correlations[other, kind]) for other in kinds[:below]])
        for below, kind in enumerate(kinds[1:], start=1)
    ]
    n_heads = max(each.n_heads for each in found.correlations.values())
    said = fill(
        '<div class="hs-findings"><p>On this prompt, how alike two kinds rank the {:,} '
        "heads (Spearman; 1 is the same order, 0 none in common), and in brackets the heads alone "
        "that are among the {} largest of either, with their number: most heads do next to "
        "nothing, and their order says little.</p></div>",
        n_heads,
        LARGEST,
    )
    return said + _table(kinds[:-1], rows)


def _pair(pair: Correlation) -> str:
    return f"{_number(pair.value)} ({_number(pair.of_largest)}, {pair.n_largest})"


def _number(value: float | None) -> str:
    return "–" if value is None else signed(value, 2)


def _disputed(found: Agreement, metric: Metric) -> Markup:
    rows = [
        (address.label, [metric.text(metric.factor * value) for value in values])
        for address, values in found.disputed
    ]
    said = fill(
        '<div class="hs-findings"><p>Where they differ most ({}, {}):</p></div>',
        metric.title,
        metric.unit,
    )
    return said + _table(found.kinds, rows)


def _table(kinds: Sequence[AblationKind], rows: Iterable[tuple[str, Sequence[str]]]) -> Markup:
    """A column a kind; of each row its name and its cells."""
    head = joined_html(fill("<th>{}</th>", kind.label) for kind in kinds)
    body = joined_html(
        fill(
            "<tr><th>{}</th>{}</tr>", name, joined_html(fill("<td>{}</td>", cell) for cell in cells)
        )
        for name, cells in rows
    )
    return fill('<table class="hs-table"><tr><th></th>{}</tr>{}</table>', head, body)

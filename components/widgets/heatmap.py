"""The heatmap on the page: metric switch, chart, and the provenance line beneath it."""

import streamlit as st

from components.figures.head_heatmap import head_heatmap
from components.figures.look import Look
from components.figures.metric import LOGIT_DIFF, METRICS, Metric
from components.plain import as_html, as_markdown, token_html
from components.state import Session, chosen_metric, put
from components.widgets.messages import note
from core.heads import Head
from core.results import SweepResult
from core.tokens import visible
from core.wording import percent

CHART_CONFIG = {"displayModeBar": False, "scrollZoom": False, "doubleClick": False}


def heatmap_panel(result: SweepResult, state: Session, look: Look) -> Metric:
    """Draw the heatmap in the chosen metric; returns that metric."""
    metric = chosen_metric()
    with st.container(
        horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"
    ):
        st.html(
            f'<p class="hs-title">{as_html(metric.title)} when one head is ablated</p>',
            width="content",
        )
        st.segmented_control(
            "Metric",
            [m.short for m in METRICS],
            key="metric",
            required=True,
            label_visibility="collapsed",
            persist_state="session",
        )
    if metric is LOGIT_DIFF and result.baseline.logit_diff is None:
        _needs_foil(result)
        return metric
    with st.container(key="heatmap"):
        st.plotly_chart(
            head_heatmap(result, metric, look, state.head),
            key=f"heatmap-{state.clicks}",
            theme=None,
            config=CHART_CONFIG,
            on_select=_clicked,
            selection_mode="points",
            alt=_alt(result, metric),
        )
    with st.container(key="provenance"):
        st.html(_provenance(result))
    return metric


def _clicked() -> None:
    from components.state import session

    state = session()
    event = st.session_state.get(f"heatmap-{state.clicks}")
    points = event.selection.points if event is not None else []
    data = points[0].get("customdata") if points else None
    if data:
        layer, head = (int(v) for v in (data.values() if isinstance(data, dict) else data))
        state.toggle_head(Head(layer, head))


def _needs_foil(result: SweepResult) -> None:
    """Logit difference without a foil: offer the clean run's strongest rival."""
    rival = next(
        (text for text, _ in result.baseline.top if text not in result.target_tokens), None
    )
    with st.container(key="heatmap"):
        note(
            "The logit difference compares the target with a rival token, and this sweep has no "
            "foil. Add one in the composer and sweep again."
        )
        if rival is not None:
            st.button(
                f"Use the strongest rival, {as_markdown(visible(rival))}, as the foil",
                key="use_rival",
                on_click=put,
                args=("foil", rival),
            )


def _alt(result: SweepResult, metric: Metric) -> str:
    strongest = ", ".join(
        f"{e.address.label} {metric.text(metric.of(e) or 0)} {metric.unit}"
        for e in result.ranked(metric.field)[:3]
    )
    return (
        f"Heatmap, {result.shape[0]} layers by {result.shape[1]} heads. {metric.title}. "
        f"Largest: {strongest}. The Ranking tab has every value as a table."
    )


def _provenance(result: SweepResult) -> str:
    """What the figure was computed from, so that a screenshot explains itself."""
    spec, made = result.spec, result.provenance
    where = {"all": "every position", "last": "the last position"}.get(
        str(spec.positions), f"positions {spec.positions}"
    )
    target = "".join(map(token_html, result.target_tokens))
    parts = [
        f'baseline P(<span class="hs-code">{target}</span>) {percent(result.baseline.prob, 2)}',
        as_html(spec.model),
        f"{spec.ablation.label} ablation at {where}",
        "BOS first" if spec.prepend_bos else "no BOS",
        f"{spec.weights} weights",
        f"model {as_html(made.model_fingerprint[:8])}",
        f"TransformerLens {as_html(made.transformer_lens)}",
    ]
    return f'<div class="hs-quiet" style="margin-top:-.4rem">{" · ".join(parts)}</div>'

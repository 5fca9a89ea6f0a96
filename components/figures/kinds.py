"""One head's effect under each kind of ablation."""

from collections.abc import Mapping

import plotly.graph_objects as go

from components.figures.look import Look, blank, quiet_axis
from components.figures.metric import Metric
from core.ablation import AblationKind
from core.results import HeadEffect


def effect_by_kind(
    effects: Mapping[AblationKind, HeadEffect], metric: Metric, chosen: AblationKind, look: Look
) -> go.Figure:
    """A bar a kind, in the metric's unit; the kind of the sweep is in full colour."""
    pairs = [(kind, metric.of(effect)) for kind, effect in effects.items()]
    shown = [(kind, value) for kind, value in pairs if value is not None]
    figure = blank(look, 46 * len(shown) + 64)
    figure.add_trace(
        go.Bar(
            y=[kind.label for kind, _ in shown],
            x=[value for _, value in shown],
            orientation="h",
            marker={
                "color": [look.accent if kind is chosen else look.quiet for kind, _ in shown],
            },
            text=[metric.quantity(value) for _, value in shown],
            textposition="auto",
            insidetextfont={"color": look.paper},
            cliponaxis=False,
            width=0.55,
            hovertemplate="%{y}: %{text}<extra></extra>",
        )
    )
    figure.update_xaxes(
        quiet_axis(
            look,
            title={"text": f"{metric.title}, {metric.unit}", "standoff": 8},
            zeroline=True,
            zerolinecolor=look.line,
        )
    )
    figure.update_yaxes(quiet_axis(look, autorange="reversed"))
    figure.update_yaxes(tickfont={"size": look.size(12), "color": look.ink})
    return figure

"""The axes of a figure of heads: layers down and heads across, or a head a row.

Every figure that has heads on an axis takes it from here, so that the same head stands at the same
place in all of them.
"""

from collections.abc import Sequence

from components.figures.base.look import Look, quiet_axis
from core.spec.members import Member

Ends = tuple[float, float]


def head_axes(
    shape: tuple[int, int],
    look: Look,
    *,
    most: int,
    panel: int = 0,
    across: Ends = (0.0, 1.0),
    down: Ends = (0.0, 1.0),
    heads_named: bool = True,
    layers_named: bool = True,
    titled: bool = True,
    **options: object,
) -> dict[str, dict[str, object]]:
    """A panel's two axes for a figure's layout; cell (layer, head) is centred at (head, layer).

    `most` is how many ticks an axis has room for, about. `across` and `down` are the panel's parts
    of the figure. An axis that is not named has no numbers; `titled` False: no "head" above them.
    `options` are Plotly's, for both axes.
    """
    n_layers, n_heads = shape
    on = on_panel(panel)
    number = panel_number(panel)
    return {
        f"xaxis{number}": quiet_axis(
            look,
            title={"text": "head" if heads_named and titled else "", "standoff": 4},
            side="top",
            tickmode="array",
            tickvals=thinned(n_heads, most),
            showticklabels=heads_named,
            range=[-0.5, n_heads - 0.5],
            domain=list(across),
            anchor=on["yaxis"],
            automargin=False,  # the rows stay where they are when anything else changes
            **options,
        ),
        f"yaxis{number}": quiet_axis(
            look,
            title={"text": "layer" if layers_named else "", "standoff": 8},
            tickmode="array",
            tickvals=thinned(n_layers, most),
            showticklabels=layers_named,
            range=[n_layers - 0.5, -0.5],
            domain=list(down),
            anchor=on["xaxis"],
            **options,
        ),
    }


def named_heads(
    heads: Sequence[Member], look: Look, most: int, **options: object
) -> dict[str, object]:
    """An axis that has heads or MLPs by name; number n stands at n, the first atop a y axis."""
    shown = thinned(len(heads), most)
    return quiet_axis(
        look,
        tickmode="array",
        tickvals=shown,
        ticktext=[heads[at].label for at in shown],
        **{"range": [len(heads) - 0.5, -0.5], **options},
    )


def on_panel(panel: int) -> dict[str, str]:
    """The axes of a panel as a trace names them: x and y, then x2 and y2."""
    number = panel_number(panel)
    return {"xaxis": f"x{number}", "yaxis": f"y{number}"}


def shape_on_panel(panel: int) -> dict[str, str]:
    """The same as a shape names them."""
    on = on_panel(panel)
    return {"xref": on["xaxis"], "yref": on["yaxis"]}


def panel_number(panel: int) -> str:
    """What Plotly appends to the names of a panel's axes: nothing, 2, 3."""
    return "" if panel == 0 else str(panel + 1)


def thinned(n: int, most: int) -> list[int]:
    """At most about `most` of n ticks, evenly spaced from 0."""
    step = max(1, -(-n // most))
    return list(range(0, n, step))

"""Taking a run away: as data, as a notebook, as a report, as a picture."""

from functools import partial

import streamlit as st

from components.figures.base.look import Look
from components.figures.printed_heatmap import printed_heatmap
from components.state import Effects
from components.widgets.page.dialog import dialog
from components.widgets.page.html import show_html
from components.widgets.page.messages import note
from components.words.markup import fill, joined_html
from core.exports.formats import FORMATS, export, file_name
from core.results.metrics import Metric
from core.store.run import Label

IN_THE_BROWSER = ("png", "svg")
"""Formats that the page's own Plotly makes, without a browser on the server."""
_PICTURE_CONFIG = {
    "displayModeBar": True,
    "modeBarButtons": [["toImage"]],
    "displaylogo": False,
    "scrollZoom": False,
    "doubleClick": False,
}


def export_menu(effects: Effects, label: Label, run_id: str, metric: Metric) -> None:
    """A menu with a download a format; each file is made when it is asked for."""
    result, layer_effects = effects.result, effects.layer_effects
    with st.popover("Export", key="export", icon=":material/download:"):
        for format in FORMATS.values():
            if format.name in IN_THE_BROWSER:
                continue
            st.download_button(
                f"{format.label} (.{format.name})",
                data=partial(export, result, layer_effects, label, format.name),
                file_name=file_name(result, label, run_id, format.name),
                mime=format.mime,
                key=f"export_{format.name}",
                help=format.about.capitalize() + ".",
                on_click="ignore",
                width="stretch",
            )
        if st.button(
            "Picture (.png, .svg)",
            key="export_picture",
            help="For slides and papers, with its scale and provenance in it.",
            width="stretch",
        ):
            _picture(effects, label, run_id, metric)


@dialog("A picture of this sweep", width="large")
def _picture(effects: Effects, label: Label, run_id: str, metric: Metric) -> None:
    """What will be saved, and the buttons that save it."""
    result, layer_effects = effects.result, effects.layer_effects
    with st.container(horizontal=True, vertical_alignment="bottom"):
        dark = st.segmented_control(
            "Paper", ["light", "dark"], default="light", key="picture_paper", required=True
        )
        beside = st.toggle("With whole layers", value=layer_effects is not None,
        key="picture_margins",
                           disabled=layer_effects is None)  # fmt: skip
    figure = printed_heatmap(
        result,
        metric,
        Look(dark=dark == "dark"),
        layer_effects=layer_effects if beside else None,
        title=label.title,
    )
    width, height = int(figure.layout.width), int(figure.layout.height)
    name = file_name(result, label, run_id, "").removesuffix(".")
    buttons = joined_html(
        fill(
            '<button class="hs-save" type="button" data-format="{}" data-width="{}" '
            'data-height="{}" data-name="{}">Save {}</button>',
            format,
            width,
            height,
            name,
            format.upper(),
        )
        for format in IN_THE_BROWSER
    )
    show_html(fill("<div>{}</div>", buttons))
    with st.container(key="picture"):
        st.plotly_chart(figure, theme=None, config=_PICTURE_CONFIG, key="picture_plot", width=width)
    note("PNG is four times this size, for print; SVG is sharp at every size.")

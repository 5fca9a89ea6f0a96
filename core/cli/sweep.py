"""`headsweep sweep` and `headsweep models`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from core.cli import options as given
from core.cli.many import or_many
from core.cli.options import OutputFormat
from core.cli.output import progress, terminal_text, write_text
from core.cli.run_spec import kept_run, new_run, warn_of_trouble
from core.cli.tables import console_for
from core.spec.spec import SweepSpec
from core.text.words import phrase

if TYPE_CHECKING:
    from rich.text import Text

    from core.results.metrics import Metric
    from core.results.result import SweepResult

TABLE_ROWS = 20


@or_many
@given.on_a_spec
def sweep(
    spec: SweepSpec,
    device: given.On = given.Device.AUTO,
    format: Annotated[  # the option's name is part of the contract
        OutputFormat, typer.Option(help="How to print the result.")
    ] = OutputFormat.TABLE,
    metric: given.MetricName = None,
    out: given.Out = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Sweep again, though this very run is kept.")
    ] = False,
) -> None:
    """Ablate every head in turn and print what the target's probability does.

    The run is kept, and a kept one of the same spec and weights is printed at once.
    """
    given.check_writable(out)
    shown = given.metric_named(metric)
    if shown is not None:
        given.check_has_foil(shown, spec.foil)
    result = None if fresh else kept_run(spec, device)
    if result is None:
        with progress() as report:
            result = new_run(spec, device, report)
        warn_of_trouble()
    given.check_measured(shown, result)
    _write(result, format, out, shown)


def models() -> None:
    """List the models known by name; any other hub name or local folder works too."""
    from rich.table import Table

    from core.checkpoints import catalogue, hub

    table = Table(box=None, header_style="bold", pad_edge=False)
    for name, justify in (
        ("name", "left"),
        ("shape", "right"),
        ("params", "right"),
        ("MB", "right"),
        ("here", "left"),
        ("about", "left"),
    ):
        table.add_column(name, justify=justify, no_wrap=True)  # type: ignore[arg-type]
    for known in catalogue.CATALOGUE:
        here = known.download_mb == 0 or hub.cached(known.source) is not None
        table.add_row(
            known.name,
            f"{known.n_layers} x {known.n_heads}",
            f"{known.n_params / 1e6:,.1f} M",
            f"{known.download_mb:,}" if known.download_mb else "–",
            "yes" if here else "no",
            ", also ".join((known.about, *known.aliases)),
        )
    Console().print(table)
    Console().print(
        "\nshape: layers x heads; MB: to download; here: already on this machine.\n"
        "Any Hugging Face name or local folder that TransformerLens's TransformerBridge boots "
        "works too: headsweep sweep --model ./my-checkpoint ...",
        highlight=False,
    )


def _write(
    result: "SweepResult", format: OutputFormat, out: Path | None, metric: "Metric | None"
) -> None:
    if format is not OutputFormat.TABLE:
        text = result.to_json() + "\n" if format is OutputFormat.JSON else result.to_csv()
        write_text(text, out)
    else:
        with console_for(out) as console:
            print_table(result, console, metric)


def print_table(result: "SweepResult", console: Console, metric: "Metric | None" = None) -> None:
    """The facts of a sweep, the heads with the largest changes, the findings, the provenance.

    In a metric: the one that the sweep opens on unless one is given.
    """
    from core.results.captions import provenance_words
    from core.results.facts import fact_words, facts
    from core.results.finding_words import CAVEATS, finding_words
    from core.results.findings import findings
    from core.results.leading import opening

    first = opening(result)
    shown = metric if metric is not None and metric.measures(result) else first.metric
    found = findings(result, shown)
    for fact in facts(result, shown):
        console.print(terminal_text(fact_words(fact)))
    console.print()
    why = "" if metric is not None else f" {first.why}"
    console.print(terminal_text(phrase(f"The largest by {shown.title}.{why}")))
    _print_heads(result, console, shown)
    console.print()
    for said in finding_words(result, found):
        console.print(terminal_text(said))
    console.print(terminal_text(phrase(f"{CAVEATS}:")))
    for caveat in found.caveats:
        console.print(terminal_text(phrase(f"- {caveat}")))
    console.print()
    console.print(terminal_text(provenance_words(result)))


def _print_heads(result: "SweepResult", console: Console, shown: "Metric") -> None:
    """The heads with the largest changes in a metric, one a row."""
    from rich.table import Table

    from core.results.metrics import METRICS

    table = Table(box=None, header_style="bold", pad_edge=False, collapse_padding=True)
    metrics = [metric for metric in METRICS if metric.measures(result)]
    columns = [f"{metric.column}\n{metric.unit}" for metric in metrics]
    for column in ["head", "P after\n%", *columns, "rank"]:
        table.add_column(column, justify="left" if column == "head" else "right")
    for effect in result.ranked(shown.field)[:TABLE_ROWS]:
        table.add_row(
            effect.address.label,
            f"{100 * effect.prob:.2f}",
            *(_cell(metric, metric.value(effect)) for metric in metrics),
            str(effect.rank),
        )
    console.print(table)
    if len(result.heads) > TABLE_ROWS:
        console.print(
            f"The {TABLE_ROWS} largest of {len(result.heads)} heads; --format csv gives all.",
            highlight=False,
        )


def _cell(metric: "Metric", value: float | None) -> "Text":
    from rich.text import Text

    if value is None:
        return Text("–")
    strong = metric.signed and abs(value) >= metric.notable
    style = "" if not strong else "red" if value < 0 else "blue"
    return Text(metric.text(value, metric.digits + 1), style=style)

"""`headsweep sweep` and `headsweep models`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from core.cli import options as given
from core.cli.many import or_many
from core.cli.options import OutputFormat
from core.cli.output import console_for, progress, say, terminal_text, write_json, write_text
from core.cli.run_spec import Swept, extra_columns, say_missing_mlps, swept, warn_of_trouble
from core.cli.terminal import TerminalConsole
from core.results.table_rows import Rows
from core.spec.spec import SweepSpec
from core.text.numbers import percent
from core.text.words import phrase

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

    from core.circuits.extra_columns import ExtraValues
    from core.results.effects import Effect
    from core.results.layer_effects import LayerEffects
    from core.results.metrics import Metric
    from core.results.result import SweepResult
    from core.results.table_rows import Row

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
    layers: Annotated[
        bool,
        typer.Option(
            "--layers",
            help="Ablate whole layers and MLPs too: rows of the table, 'margins' in the JSON.",
        ),
    ] = False,
    rows: Annotated[
        Rows | None,
        typer.Option(
            help="Which rows table and CSV have; the default is heads, and all with --layers.",
            show_default=False,
        ),
    ] = None,
    columns: Annotated[
        str | None,
        typer.Option(
            help="More numbers of every head, by name and with commas between: attribution, "
            "direct-frozen, attention-to-target, attention-to-foil, copying-target, copying-foil, "
            "induction, duplicate-token, previous-token, current-token, first-token."
        ),
    ] = None,
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
    asked = extra_columns(columns)
    rows = rows or (Rows.ALL if layers else Rows.HEADS)
    with progress() as report:
        found = swept(spec, device, report, fresh=fresh, layers=rows.has_layers, columns=asked)
    warn_of_trouble()
    given.check_measured(shown, found.result)
    _write(found, format, out, shown, rows)


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
    TerminalConsole().print(table)
    TerminalConsole().print(
        "\nshape: layers x heads; MB: to download; here: already on this machine.\n"
        "Any Hugging Face name or local folder that TransformerLens's TransformerBridge boots "
        "works too: headsweep sweep --model ./my-checkpoint ...",
        highlight=False,
    )


def _write(
    found: Swept, format: OutputFormat, out: Path | None, metric: "Metric | None", rows: Rows
) -> None:
    from core.exports.table import table_csv, table_dict
    from core.results.table_rows import table_rows

    margins = found.layer_effects if rows.has_layers else None
    if format is not OutputFormat.TABLE:
        say_missing_mlps(found.result, margins)
    if format is OutputFormat.JSON:
        write_json(table_dict(found.result, margins, found.extra), out)
    elif format is OutputFormat.CSV:
        write_text(table_csv(table_rows(found.result, margins, rows), found.extra), out)
        _warn_of_missing(found.extra)
    else:
        with console_for(out) as console:
            print_table(found.result, console, metric, margins, rows, found.extra)


def print_table(
    result: "SweepResult",
    console: Console,
    metric: "Metric | None" = None,
    layer_effects: "LayerEffects | None" = None,
    rows: Rows = Rows.HEADS,
    extra: "ExtraValues | None" = None,
) -> None:
    """The facts of a sweep, the rows with the largest changes, the findings, the provenance.

    In a metric: the one that the sweep opens on unless one is given.
    """
    from core.results.account import account
    from core.results.captions import no_mlp_words, provenance_words
    from core.results.facts import fact_words
    from core.results.finding_words import CAVEATS
    from core.results.table_rows import ranked, table_rows

    said = account(result, metric, layer_effects)
    for fact in (*said.facts, said.swept):
        console.print(terminal_text(fact_words(fact)))
    console.print()
    parts = (f"The largest by {said.metric.title}.", said.why)
    console.print(terminal_text(phrase(" ".join(filter(None, parts)))))
    order = ranked(table_rows(result, layer_effects, rows), said.metric.field)
    _print_rows(result, console, said.metric, order)
    if layer_effects is not None and (why := no_mlp_words(result, layer_effects)):
        console.print(terminal_text(phrase(f"No rows of MLPs: {why}")))
    if extra is not None:
        _print_extra(extra, order, console)
    console.print()
    for sentence in said.findings:
        console.print(terminal_text(sentence))
    console.print(terminal_text(phrase(f"{CAVEATS}:")))
    for caveat in said.caveats:
        console.print(terminal_text(phrase(f"- {caveat}")))
    console.print()
    console.print(terminal_text(provenance_words(result)))


def _print_rows(
    result: "SweepResult", console: Console, shown: "Metric", rows: "list[Row]"
) -> None:
    """Rows that are ranked by a metric, the largest change first."""
    from core.results.metrics import METRICS

    metrics = [metric for metric in METRICS if metric.measures(result)]
    has_layers = any(row.head is None for row in rows)
    columns = [f"{metric.column}\n{metric.unit}" for metric in metrics]
    table = _table("part" if has_layers else "head", "P after\n%", *columns, "rank")
    for row in rows[:TABLE_ROWS]:
        table.add_row(
            row.label,
            percent(row.effect.prob, 2).removesuffix(" %"),
            *(_cell(metric, row.effect) for metric in metrics),
            str(row.effect.rank),
        )
    console.print(table)
    if len(rows) > TABLE_ROWS:
        what = "heads, layers and MLPs" if has_layers else "heads"
        console.print(
            f"The {TABLE_ROWS} largest of {len(rows)} {what}; --format csv gives all.",
            highlight=False,
        )


def _print_extra(extra: "ExtraValues", rows: "list[Row]", console: Console) -> None:
    """The extra columns of the heads among those rows, and why one that was asked for has none."""
    console.print()
    if extra.measured:
        headings = [each.title.replace(" ", "\n") for each in extra.measured]
        table = _table("head", *headings)
        for row in rows[:TABLE_ROWS]:
            if row.head is not None:
                values = [(each, extra.value(each, row.head)) for each in extra.measured]
                cells = ["–" if value is None else each.text(value) for each, value in values]
                table.add_row(row.label, *cells)
        console.print(table)
    for name, why in extra.unavailable.items():
        console.print(terminal_text(phrase(f"{name}: {why}")))


def _table(first: str, *others: str) -> "Table":
    from rich.table import Table

    table = Table(box=None, header_style="bold", pad_edge=False, collapse_padding=True)
    for column in (first, *others):
        table.add_column(column, justify="left" if column == first else "right")
    return table


def _warn_of_missing(extra: "ExtraValues | None") -> None:
    """Say on stderr why a column of the CSV is empty."""
    for name, why in ({} if extra is None else extra.unavailable).items():
        say(f"--columns: {name}: {why}")


def _cell(metric: "Metric", effect: "Effect") -> "Text":
    from rich.text import Text

    value = metric.value(effect)
    if value is None:
        return Text("–")
    strong = metric.signed and abs(value) >= metric.notable
    style = "" if not strong else "red" if value < 0 else "blue"
    return Text(metric.cell(value, effect.prob, metric.digits + 1), style=style)

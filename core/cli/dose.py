"""`headsweep dose`: the answer as some heads write from nothing to twice as much."""

import time
from typing import Annotated, Any

import typer
from rich.console import Console

from core.cli import options as given
from core.cli.effect_table import effect_table
from core.cli.output import printed, progress, terminal_text, write_json
from core.spec.spec import SweepSpec
from core.text.numbers import percent
from core.text.words import phrase


@given.without("ablation", "corrupted_prompt", "reference_file")
@given.on_a_spec
def dose(
    spec: SweepSpec,
    heads: Annotated[str, typer.Option(help="The heads, such as 'L1H0, L1H3'.")],
    device: given.On = given.Device.AUTO,
    format: given.Format = given.TableOrJson.TABLE,
    out: given.Out = None,
) -> None:
    """Scale what heads write from 0 (zero ablation) over 1 (the clean run) to 2.

    All heads named are scaled together, at --positions.
    """
    given.check_writable(out)
    with progress() as report:
        loaded = given.load(spec, device, report)
        from core.circuits.dose import measure_dose
        from core.hypotheses.parse_heads import heads_text, parse_heads
        from core.progress import run_to_end
        from core.sweep.scorer import Scorer
        from core.sweep.sweep import provenance

        started = time.perf_counter()
        chosen = parse_heads(heads, (loaded.n_layers, loaded.n_heads))
        scorer = Scorer(loaded, spec)
        work = measure_dose(scorer, chosen)
        found = run_to_end(work, lambda done: report("Scaling the heads", done))
        seconds = time.perf_counter() - started
    if format is given.TableOrJson.JSON:
        values: dict[str, Any] = {
            "schema": "headsweep.dose/1",
            "spec": scorer.prepared.spec.to_dict(),
            **found.to_dict(),
            "provenance": provenance(loaded, seconds).to_dict(),
        }
        write_json(values, out)
        return
    words = (
        f"{heads_text(found.heads)} scaled together: 0 is zero ablation, 1 the clean run "
        f"(P(target) {percent(found.baseline.prob)})."
    )
    rows = [
        (f"{factor:g}", effect) for factor, effect in zip(found.factors, found.effects, strict=True)
    ]

    def print_on(console: Console) -> None:
        console.print(terminal_text(phrase(words)))
        console.print(effect_table("times", rows))

    printed(print_on, out)

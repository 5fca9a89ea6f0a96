"""`headsweep dose`: the answer as some heads write from nothing to twice as much."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from core.cli import options as given
from core.cli.measurement import Found, measure_and_print
from core.spec.spec import SweepSpec
from core.text.numbers import percent

if TYPE_CHECKING:
    from core.sweep.scorer import Scorer


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

    def measure(scorer: "Scorer", report: Any) -> Found:
        return _measured(scorer, heads, report)

    measure_and_print(spec, "headsweep.dose/1", measure, device, format, out)


def _measured(scorer: "Scorer", heads: str, report: Any) -> Found:
    from core.circuits.dose import measure_dose
    from core.hypotheses.parse_heads import heads_text, parse_heads
    from core.progress import run_to_end

    model = scorer.model
    chosen = parse_heads(heads, (model.n_layers, model.n_heads))
    work = measure_dose(scorer, chosen)
    found = run_to_end(work, lambda done: report("Scaling the heads", done))
    words = (
        f"{heads_text(found.heads)} scaled together: 0 is zero ablation, 1 the clean run "
        f"(P(target) {percent(found.baseline.prob)})."
    )
    doses = zip(found.factors, found.effects, strict=True)
    rows = [(f"{factor:g}", effect) for factor, effect in doses]
    return Found(found.to_dict(), words, "times", rows)

"""`headsweep knock-out`: some heads can no longer attend from one position to others."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from core.circuits.knocked_edges import heads_of_layers, typed_spans
from core.cli import options as given
from core.cli.measurement import Found, measure_and_print
from core.cli.numbers import whole_option
from core.errors import InputError
from core.spec.heads import Head
from core.spec.spec import SweepSpec

if TYPE_CHECKING:
    from core.model.loaded import LoadedModel
    from core.sweep.scorer import Scorer


@given.without("ablation", "corrupted_prompt", "reference_file", "positions")
@given.on_a_spec
def knock_out(
    spec: SweepSpec,
    query: Annotated[int, whole_option("The position that looks, such as 14 (BOS is 0).", 0)],
    head: Annotated[str, typer.Option(help="The head, or several, such as 'L1H0, L1H3'.")] = "",
    layers: Annotated[
        str, typer.Option(help="Instead of --head: all heads of these layers, such as 3-5.")
    ] = "",
    key: Annotated[
        int | None, whole_option("The position that it no longer sees, such as 4.", 0)
    ] = None,
    keys: Annotated[str, typer.Option(help="Instead of --key: several, such as 2-6 or 2,4.")] = "",
    device: given.On = given.Device.AUTO,
    format: given.Format = given.TableOrJson.TABLE,
    out: given.Out = None,
) -> None:
    """Knock out attention edges before the softmax: what did they carry to the answer?

    The weights of the other keys grow to sum to 1. Nothing is ablated.
    """
    hidden = _keys(key, keys)
    if bool(head) == bool(layers):
        seen = "Both this and --layers are" if head else "Neither this nor --layers is"
        raise InputError("head", f"{seen} given: name heads, or layers.")
    window = typed_spans(layers, "layers") if layers else ()

    def measure(scorer: "Scorer", report: Any) -> Found:
        heads = _heads(scorer.model, head, window)
        return _measured(scorer, heads, query, hidden, report)

    measure_and_print(spec, "headsweep.knock-out/1", measure, device, format, out)


def _measured(
    scorer: "Scorer", heads: tuple[Head, ...], query: int, keys: tuple[int, ...], report: Any
) -> Found:
    from core.circuits.knock_out import measure_knock_out
    from core.circuits.knock_out_words import knock_out_words
    from core.progress import run_to_end
    from core.results.leading import leading

    work = measure_knock_out(scorer, heads, query, keys)
    found = run_to_end(work, lambda done: report("Knocking out attention", done))
    tokens = scorer.prepared.texts
    metric = leading(has_foil=scorer.prepared.foil is not None)
    return Found(
        {"tokens": list(tokens), **found.to_dict()},
        knock_out_words(found, tokens, metric),
        "knocked out",
        [("these edges", found.effect)],
    )


def _keys(key: int | None, keys: str) -> tuple[int, ...]:
    if (key is None) == (not keys):
        seen = "Both this and --keys are" if keys else "Neither this nor --keys is"
        raise InputError("key", f"{seen} given: name one key, or several.")
    return (key,) if key is not None else typed_spans(keys, "keys")


def _heads(model: "LoadedModel", head: str, layers: tuple[int, ...]) -> tuple[Head, ...]:
    from core.hypotheses.parse_heads import parse_heads

    if head:
        try:
            return parse_heads(head, (model.n_layers, model.n_heads))
        except InputError as error:
            raise InputError("head", str(error)) from error
    return heads_of_layers(layers, (model.n_layers, model.n_heads), model.name)

"""`headsweep knock-out`: some heads can no longer attend from one position to others."""

import time
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from core.cli import options as given
from core.cli.effect_table import effect_table
from core.cli.numbers import whole_option
from core.cli.output import printed, progress, terminal_text, write_json
from core.errors import InputError
from core.spec.heads import Head, shortened
from core.spec.spec import SweepSpec
from core.text.typed_numbers import spans
from core.text.words import phrase

if TYPE_CHECKING:
    from core.model.loaded import LoadedModel


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
    window = _numbers(layers, "layers") if layers else ()
    given.check_writable(out)
    with progress() as report:
        loaded = given.load(spec, device, report)
        from core.circuits.knock_out import measure_knock_out
        from core.progress import run_to_end
        from core.results.leading import leading
        from core.sweep.scorer import Scorer
        from core.sweep.sweep import provenance

        started = time.perf_counter()
        heads = _heads(loaded, head, window)
        scorer = Scorer(loaded, spec)
        work = measure_knock_out(scorer, heads, query, hidden)
        found = run_to_end(work, lambda done: report("Knocking out attention", done))
        seconds = time.perf_counter() - started
    if format is given.TableOrJson.JSON:
        values: dict[str, Any] = {
            "schema": "headsweep.knock-out/1",
            "spec": scorer.prepared.spec.to_dict(),
            "tokens": list(scorer.prepared.texts),
            **found.to_dict(),
            "provenance": provenance(loaded, seconds).to_dict(),
        }
        write_json(values, out)
        return
    from core.circuits.knock_out_words import knock_out_words

    metric = leading(has_foil=spec.foil is not None)
    words = knock_out_words(found, scorer.prepared.texts, metric)

    def print_on(console: Console) -> None:
        console.print(terminal_text(phrase(words)))
        console.print(effect_table("knocked out", [("these edges", found.effect)]))

    printed(print_on, out)


def _keys(key: int | None, keys: str) -> tuple[int, ...]:
    if (key is None) == (not keys):
        seen = "Both this and --keys are" if keys else "Neither this nor --keys is"
        raise InputError("key", f"{seen} given: name one key, or several.")
    return (key,) if key is not None else _numbers(keys, "keys")


def _numbers(text: str, field: str) -> tuple[int, ...]:
    numbers = spans(text)
    if numbers is None:
        raise InputError(
            field, f"{shortened(text)!r} is no list of numbers: write it as 2-6, or 2,4."
        )
    return numbers


def _heads(model: "LoadedModel", head: str, layers: tuple[int, ...]) -> tuple[Head, ...]:
    from core.hypotheses.parse_heads import parse_heads

    if head:
        try:
            return parse_heads(head, (model.n_layers, model.n_heads))
        except InputError as error:
            raise InputError("head", str(error)) from error
    for layer in layers:
        if layer >= model.n_layers:
            raise InputError(
                "layers",
                f"{model.name} has no layer {layer}: its layers are 0 to {model.n_layers - 1}.",
            )
    return tuple(Head(layer, number) for layer in layers for number in range(model.n_heads))

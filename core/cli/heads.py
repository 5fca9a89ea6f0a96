"""`headsweep head`, `headsweep joint`, `headsweep roles`: one head, a set, all heads' scores."""

import re
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from core.circuits.edge import Edge
from core.cli import options as given
from core.cli.numbers import decimal_option, whole_option
from core.cli.output import progress, write_json
from core.cli.tables import PrintFormat, write_heads, write_roles
from core.errors import InputError
from core.spec import reference_set as reference
from core.spec.ablation import AblationKind, Needs
from core.spec.heads import Head, check_head, shortened
from core.spec.members import Member
from core.spec.spec import SweepSpec

if TYPE_CHECKING:
    from pathlib import Path

    from core.model.loaded import LoadedModel


_SEPARATOR = re.compile(r"[,;\s]+")


class Outcome(StrEnum):
    """The predicted outcome of ablating some heads."""

    BREAKS = "breaks"
    HOLDS = "holds"


@given.on_a_spec
def head(
    spec: SweepSpec,
    head: Annotated[
        list[str],
        typer.Option(help="The head, such as L1H0; several one by one or as 'L1H0, L2H1'."),
    ],
    device: given.On = given.Device.AUTO,
    query: Annotated[
        int | None, whole_option("What feeds it: from which position it looks.")
    ] = None,
    key: Annotated[int | None, whole_option("What feeds it: to which position it looks.")] = None,
    edge: Annotated[
        Edge,
        typer.Option(
            help="What feeds it, along which edge: the residual stream only, or through the MLPs "
            "between the two heads too (as in the IOI paper)."
        ),
    ] = Edge.RESIDUAL,
    group: Annotated[
        bool,
        typer.Option(
            "--group",
            help="What feeds it: patch the keys and values for every head that shares them, not "
            "for this one only (grouped queries).",
        ),
    ] = False,
    format: PrintFormat = None,
    out: given.Out = None,
) -> None:
    """See heads closely, as a table or JSON: where one looks, what it says, what feeds it.

    Several heads share one sweep.
    """
    chosen = _heads(head)
    given.check_writable(out)
    with progress() as report:
        loaded = given.load(spec, device, report)
        from core.circuits.head_report import head_reports, several
        from core.progress import run_to_end

        description = f"Looking at {', '.join(each.label for each in chosen)}"
        work = head_reports(loaded, spec, chosen, query, key, edge=edge, whole_group=group)
        results = run_to_end(work, lambda done: report(description, done))
    values = results[0] if len(results) == 1 else several(results)
    write_heads(results, values, format, out)


@given.on_a_spec
def joint(
    spec: SweepSpec,
    heads: Annotated[
        str,
        typer.Option(
            help="The heads to ablate at once, such as 'L1H0, L1H2'; L1 is all heads of layer 1, "
            "MLP1 its MLP."
        ),
    ] = "",
    role: Annotated[
        str,
        typer.Option(help="Instead of --heads: all that look like it, such as induction."),
    ] = "",
    device: given.On = given.Device.AUTO,
    predict: Annotated[
        Outcome | None, typer.Option(help="Your prediction, dated before the run.")
    ] = None,
    predicted_prob: Annotated[
        float | None, decimal_option("And P(target) then, a fraction from 0 to 1.")
    ] = None,
    greedy: Annotated[
        bool,
        typer.Option("--greedy", help="Also search for a small set that keeps the answer."),
    ] = False,
    enough: Annotated[
        float,
        typer.Option(help="For --greedy: the least share of the clean run kept, from 0 to 1."),
    ] = 1.0,
    variants_file: given.VariantsFile = None,
    out: given.Out = None,
) -> None:
    """Remove some heads at once, as JSON: verdict, redundancy, other sets, and what they keep."""
    if bool(heads) == bool(role):
        seen = "Both this and --role are" if heads else "Neither this nor --role is"
        raise InputError("heads", f"{seen} given: name the heads, or one role.")
    if (predict is None) != (predicted_prob is None):
        raise InputError(
            "predict", "One of this and --predicted-prob is missing: a prediction needs both."
        )
    if variants_file is not None and not greedy:
        raise InputError(
            "variants", "Variants are used by --greedy only: give that too, or leave this out."
        )
    if enough != 1 and not greedy:
        raise InputError("enough", "This is used by --greedy only: give that too, or leave it out.")
    typed = "" if variants_file is None else given.variants_text(variants_file)
    given.check_writable(out)
    with progress() as report:
        report(f"Loading {spec.model}", None)
        from core.hypotheses.joint_report import PredictedEffect, joint_report
        from core.hypotheses.keep_only import keep_only_spec
        from core.hypotheses.variants import own_variants, parse_variants
        from core.progress import run_to_end

        parse_variants(typed, keep_only_spec(spec))  # raises errors before the model is loaded
        loaded = given.load(spec, device, report)
        own = own_variants(loaded, typed, keep_only_spec(spec))
        chosen = _chosen(loaded, heads, role, report)
        foreseen = None
        if predict is not None and predicted_prob is not None:
            foreseen = PredictedEffect(predict is Outcome.BREAKS, predicted_prob)
        work = joint_report(
            loaded, spec, chosen, foreseen, greedy_too=greedy, enough=enough, own=own
        )
        result = run_to_end(work, lambda done: report("Testing the set", done))
    write_json(result, out)


def roles(
    model: given.Model = "demo",
    weights: given.Weights = given.WeightsOption.PROCESSED,
    device: given.On = given.Device.AUTO,
    dtype: given.Dtype = given.DtypeOption.FLOAT32,
    without: Annotated[
        str, typer.Option(help="Also measure with this head ablated, such as L0H0.")
    ] = "",
    ablation: Annotated[
        AblationKind, typer.Option(help="How --without ablates it.")
    ] = AblationKind.MEAN,
    reference_file: given.ReferenceFile = None,
    format: PrintFormat = None,
    out: given.Out = None,
) -> None:
    """Score every head on repeated random tokens, as a table or JSON: where it looks."""
    given.check_writable(out)
    removed = _head(without, "without") if without else None
    means = removed is not None and ablation.traits.needs is Needs.REFERENCE
    lines = _reference_lines(reference_file, used=means)
    with progress() as report:
        report(f"Loading {model}", None)
        from core.checkpoints.registry import MODELS, model_key
        from core.circuits.measure_scores import measure_head_scores, measure_scores_without
        from core.progress import run_to_end

        key = model_key(model, dtype.value, weights.value, device.value)
        loaded, name = MODELS.get(key, report), key.name
        if removed is not None:
            check_head(removed, (loaded.n_layers, loaded.n_heads), name, "without")
        scores = run_to_end(
            measure_head_scores(loaded), lambda done: report("Measuring every head", done)
        )
        after: Any = None
        if removed is not None:
            prompts = None if lines is None else lines.texts
            work = measure_scores_without(loaded, removed, ablation, prompts)
            description = f"Measuring without {removed.label}"
            with reference.located_in(lines):
                without_head = run_to_end(work, lambda done: report(description, done))
            after = {"head": removed.label, "ablation": ablation.value, **without_head.to_dict()}
    write_roles(
        {
            "schema": "headsweep.roles/1",
            "model": name,
            **scores.to_dict(),
            "without": after,
            "provenance": _provenance(loaded),
        },
        format,
        out,
    )


def _heads(given_texts: list[str]) -> tuple[Head, ...]:
    """The heads named by --head, in their order, each once."""
    parts = [part for text in given_texts for part in _SEPARATOR.split(text) if part]
    return tuple(dict.fromkeys(_head(part, "head") for part in parts or [""]))


def _head(text: str, field: str) -> Head:
    try:
        return Head.parse(text)
    except ValueError:  # int() also refuses a number with thousands of digits
        raise InputError(field, f"{shortened(text)!r} is not a head: write it as L1H0.") from None


def _reference_lines(path: "Path | None", used: bool) -> reference.ReferenceLines | None:
    """The reference set for --without. Raises `InputError` if it would not be used."""
    if path is None:
        return None
    if not used:
        raise InputError(
            "reference",
            "A reference set is used by --without under mean ablation only, which is not asked "
            "for: leave it out.",
        )
    return reference.read(path)


def _chosen(model: "LoadedModel", heads: str, role: str, report: Any) -> tuple[Member, ...]:
    """The heads and MLPs in the text `heads`, or all heads that look like `role`."""
    from core.circuits.head_scores import ROLES, THRESHOLD
    from core.circuits.measure_scores import measure_head_scores
    from core.hypotheses.parse_heads import parse_members
    from core.progress import run_to_end

    if heads:
        return parse_members(heads, (model.n_layers, model.n_heads))
    if role not in ROLES:
        raise InputError(
            "role", f"{shortened(role)!r} is no role: choose one of {', '.join(ROLES)}."
        )
    scores = run_to_end(
        measure_head_scores(model), lambda done: report("Measuring every head", done)
    )
    if not (named := scores.heads_in_role(role)):
        raise InputError(
            "role", f"No head of {model.name} scores {THRESHOLD} or more in {role}: name heads."
        )
    return tuple(sorted(named))


def _provenance(model: "LoadedModel") -> dict[str, Any]:
    from core.sweep.sweep import provenance

    values = provenance(model, 0.0).to_dict()
    del values["seconds"]
    return values

"""Ablate sets of heads and MLPs together: each set is one batch row of one engine run."""

from collections.abc import Generator, Iterable, Sequence

from core.engine.interventions import Edit, Intervention, MlpEdit
from core.errors import InputError
from core.hypotheses.parse_heads import checked_members
from core.model.loaded import LoadedModel
from core.progress import constant_steps, map_steps
from core.prompts.tokens import TokenizedAnswer
from core.results.result import Effect
from core.spec.ablation import AblationKind, listed
from core.spec.heads import Head, all_heads
from core.spec.members import Member, mlps_of
from core.sweep.replacements import Replacement
from core.sweep.scorer import Scorer, effect


def change(effect: Effect, metric: str) -> float:
    """The value of an effect in one metric, which must have a value for its spec."""
    value = getattr(effect, metric)
    assert value is not None
    return float(value)


def others_of(scorer: Scorer, heads: Iterable[Head]) -> tuple[Head, ...]:
    """Every head of the model that is not in `heads`."""
    kept = set(heads)
    model = scorer.model
    return tuple(h for h in all_heads(model.n_layers, model.n_heads) if h not in kept)


def checked_set(
    scorer: Scorer, members: Sequence[Member], *, least: int = 1, most: int | None = None
) -> tuple[Member, ...]:
    """A set in order and distinct, that can be ablated in the way of the scorer's spec.

    Raises `InputError` where `checked_members` and `check_mlps` do.
    """
    model = scorer.model
    chosen = checked_members(members, (model.n_layers, model.n_heads), least=least, most=most)
    check_mlps(model, scorer.prepared.spec.ablation, chosen)
    return chosen


def check_mlps(model: LoadedModel, kind: AblationKind, members: Iterable[Member]) -> None:
    """Refuse MLPs where they cannot be ablated: raises `InputError` (field "heads")."""
    mlps = mlps_of(members)
    if mlps and kind.traits.no_mlps:
        others = listed((each for each in AblationKind if not each.traits.no_mlps), "or")
        raise InputError(
            "heads",
            f"{kind.traits.no_mlps}, so that {kind.label} cannot ablate {mlps[0].label}: choose "
            f"{others}, or name heads only.",
        )
    if mlps and model.stack is None:
        raise InputError(
            "heads",
            f"The MLPs of {model.name} cannot be ablated, because its wiring is not known: name "
            "heads only.",
        )


def joint_effects(
    scorer: Scorer, sets: Sequence[Sequence[Member]]
) -> Generator[tuple[int, float], None, tuple[Effect, ...]]:
    """Ablate each set together, and return one effect per set; `checked_set` has passed each.

    Yields (sets done, share of the work done). The replacements of a layer are computed from the
    running pass, in which earlier layers are already ablated, before any head of the layer is
    overwritten. The empty set is the clean run.
    """
    replacements = yield from constant_steps(scorer.replacements(), (0, 0.0))

    def rows(answer: TokenizedAnswer) -> list[Intervention]:
        needed = {member for each in sets for member in each}  # most are in most sets
        edits = {member: _edit(replacements[answer], member) for member in needed}
        return [tuple(edits[member] for member in each) for each in sets]

    effects: dict[int, Effect] = {}
    for scored in scorer.rows(rows):
        if scored.scores is not None:
            for row, index in enumerate(scored.indices):
                effects[index] = effect(scorer.model, scored.scores, row, scorer.baseline)
        yield len(effects), scored.fraction
    return tuple(effects[index] for index in range(len(sets)))


def ablate_sets(
    scorer: Scorer, sets: Sequence[Sequence[Member]]
) -> Generator[float, None, tuple[Effect, ...]]:
    """`joint_effects`, which yields the share of the work done only."""
    return (yield from map_steps(joint_effects(scorer, sets), lambda step: step[1]))


def _edit(replacement: Replacement, member: Member) -> Edit | MlpEdit:
    if isinstance(member, Head):
        return replacement.edit(member)
    edit = replacement.mlp_edit(member.layer)
    assert edit is not None
    return edit

"""The members of a set that is ablated together: heads, and MLPs of whole layers."""

from collections.abc import Iterable
from typing import NamedTuple

from core.errors import InputError
from core.spec.heads import Head, check_head, shortened
from core.text.typed_numbers import whole_number


class Mlp(NamedTuple):
    """The MLP of one layer; layers count from 0."""

    layer: int

    @property
    def label(self) -> str:
        """Its name in a set, such as MLP3."""
        return f"MLP{self.layer}"


Member = Head | Mlp
"""What a set may hold."""


def member_named(label: str) -> Member:
    """The member of a label as a saved set has it, "L1H0" or "MLP3"; a ValueError for another."""
    number = label.removeprefix("MLP")
    if number == label:
        return Head.parse(label)
    found = whole_number(number)
    if found is None:
        raise ValueError(f"{shortened(label)!r} is no MLP: write it as MLP3.")
    return Mlp(found)


def in_order(members: Iterable[Member]) -> tuple[Member, ...]:
    """Each member once, layer by layer: heads first, then the layer's MLP."""
    return tuple(sorted(set(members), key=lambda member: (member.layer, _within_layer(member))))


def heads_of(members: Iterable[Member]) -> tuple[Head, ...]:
    """The heads among some members."""
    return tuple(member for member in members if isinstance(member, Head))


def mlps_of(members: Iterable[Member]) -> tuple[Mlp, ...]:
    """The MLPs among some members."""
    return tuple(member for member in members if isinstance(member, Mlp))


def all_mlps(n_layers: int) -> tuple[Mlp, ...]:
    """The MLP of every layer."""
    return tuple(Mlp(layer) for layer in range(n_layers))


def counted(members: Iterable[Member]) -> str:
    """How many of each kind, as "2 heads and 1 MLP"; the kind that is absent is left out."""
    every = tuple(members)
    heads, mlps = len(heads_of(every)), len(mlps_of(every))
    parts = [
        f"{count:,} {name}{'' if count == 1 else 's'}"
        for count, name in ((heads, "head"), (mlps, "MLP"))
        if count or (name == "head" and not mlps)
    ]
    return " and ".join(parts)


def kinds_of(members: Iterable[Member]) -> str:
    """What the members are, in the plural: "heads", "MLPs" or "heads and MLPs"."""
    every = tuple(members)
    parts = [name for some, name in ((heads_of(every), "heads"), (mlps_of(every), "MLPs")) if some]
    return " and ".join(parts) or "heads"


def check_member(member: Member, shape: tuple[int, int], model: str, field: str) -> None:
    """Raise an `InputError` for a member that a model of `shape` (layers, heads) does not have."""
    if isinstance(member, Head):
        check_head(member, shape, model, field)
    elif not 0 <= member.layer < shape[0]:
        raise InputError(
            field,
            f"{model} has no {shortened(member.label)}: its MLPs are MLP0 to MLP{shape[0] - 1}.",
        )


def _within_layer(member: Member) -> tuple[bool, int]:
    return (False, member.head) if isinstance(member, Head) else (True, 0)

"""Which heads of the embedded model matter: single and joint ablations for `metrics.json`."""

from typing import Any

import numpy as np
from jaxtyping import Float
from torch import Tensor

from core.circuits.head_scores import ROLES, HeadScores
from core.demo.ablate import KINDS, Head, Kind, heads_ablated, reference_means
from core.demo.measure import (
    IOI,
    PANGRAM,
    PANGRAM_TARGET,
    Embedded,
    heads_in_role,
    heads_of,
    label,
    measured_roles,
    reference_set,
)

PROBES = (
    ("The opposite of hot is cold. The opposite of big is", " small"),
    ("Monday, Tuesday, Wednesday, Thursday,", " Friday"),
    ("The Eiffel Tower is located in the city of", " Paris"),
    ("All's fair in love and", " war"),
    ("Anna has the book. Paul has the key. Emma has the lamp. Paul has the", " key"),
    ("The dogs near the house", " are"),
)
"""Prompts for the other tasks of the mixture, which may need heads that pangram and IOI do not."""


def probed_prompts() -> list[tuple[str, str, str]]:
    """(name, prompt, target) of every prompt whose head effects are recorded."""
    return [
        ("pangram", PANGRAM, PANGRAM_TARGET),
        ("ioi", IOI, " Mary"),
        *((p, p, t) for p, t in PROBES),
    ]


def effect_map(
    embedded: Embedded, prompt: str, target: str, kind: Kind, means: Tensor
) -> Float[np.ndarray, " head"]:
    """The change of the target's probability for every head: ablated minus clean, as a fraction.

    Heads are in the order of `heads_of`.
    """
    clean = embedded.prob(prompt, target)
    changes = []
    for head in heads_of(embedded):
        with heads_ablated(embedded.model, [head], kind, means):
            changes.append(embedded.prob(prompt, target) - clean)
    return np.array(changes)


def joint_prob(embedded: Embedded, heads: list[Head], kind: Kind, means: Tensor) -> float:
    """The target's probability on the pangram with `heads` ablated together."""
    with heads_ablated(embedded.model, heads, kind, means):
        return embedded.prob(PANGRAM, PANGRAM_TARGET)


def previous_token_story(
    embedded: Embedded, scores: HeadScores, induction: list[Head], means: Tensor
) -> dict[str, Any]:
    """The mean score of the induction heads: clean, and with each previous-token head ablated.

    The ablation is `mean`.
    """
    clean = (
        float(np.mean([scores.values("induction")[head] for head in induction]))
        if induction
        else 0.0
    )
    after = {}
    for head in heads_in_role(scores, "previous token"):
        with heads_ablated(embedded.model, [head], "mean", means):
            ablated = measured_roles(embedded).values("induction")
        ablated_scores = [ablated[other] for other in induction]
        after[label(head)] = float(np.mean(ablated_scores)) if ablated_scores else 0.0
    return {"clean": clean, "after_mean_ablating": after}


def measure(embedded: Embedded) -> dict[str, Any]:
    """All numbers about heads in `metrics.json`."""
    means = reference_means(embedded.model, reference_set(embedded))
    scores = measured_roles(embedded)
    induction = heads_in_role(scores, "induction")
    heads = [label(head) for head in heads_of(embedded)]
    effects = {
        name: {
            kind: dict(
                zip(
                    heads,
                    effect_map(embedded, prompt, target, kind, means).round(4).tolist(),
                    strict=True,
                )
            )
            for kind in KINDS
        }
        for name, prompt, target in probed_prompts()
    }
    return {
        "roles": {
            role: dict(zip(heads, scores.values(role).flatten().round(4).tolist(), strict=True))
            for role in ROLES
        },
        "induction_heads": [label(head) for head in induction],
        "previous_token_heads": [label(head) for head in heads_in_role(scores, "previous token")],
        "induction_score": previous_token_story(embedded, scores, induction, means),
        "pangram_all_induction_heads_ablated": {
            kind: round(joint_prob(embedded, induction, kind, means), 4) for kind in KINDS
        },
        "effects": effects,
    }

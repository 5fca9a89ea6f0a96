"""What one sweep found, in plain statements that claim no more than was measured.

They are data (heads, counts, caveats), so that an interface decides on how they look.
"""

from dataclasses import dataclass

import numpy as np

from core.prompts.token_words import parting_words, shorter_set
from core.results.headline import headline
from core.results.joint_layers import JointLayer, joint_layers
from core.results.layer_effects import LayerEffects
from core.results.leading import HIGH, LOW, opening
from core.results.metrics import Metric
from core.results.precision import precision_caveat
from core.results.result import HeadEffect, SweepResult
from core.spec.reference_set import DEFAULT, is_part_of_default
from core.text.numbers import percent
from core.text.words import Words, plain

NAMED = 3
"""How many heads are named in each direction, and how many layers."""
LARGEST = 10
"""How many of the largest drops are placed in early, middle and late layers."""


@dataclass(frozen=True)
class Findings:
    """The closing section of a sweep, in one metric.

    `lowered` and `raised` hold the heads whose ablation changed the metric most, largest first,
    and notably. A metric without a sign (KL) has only `raised`. `spread` counts the `LARGEST`
    notable drops (without a sign: the largest changes) by third of the model: ((first layer, last
    layer), how many). `headline` is the strongest fact in a sentence; `joint_layers` are the layers
    whose heads hide each other, each with a sentence. `caveats` are sentences.
    """

    metric: Metric
    lowered: tuple[HeadEffect, ...]
    raised: tuple[HeadEffect, ...]
    n_notable: int
    n_heads: int
    spread: tuple[tuple[tuple[int, int], int], ...]
    headline: Words
    joint_layers: tuple[JointLayer, ...]
    caveats: tuple[str, ...]


def findings(
    result: SweepResult, metric: Metric | None = None, layer_effects: LayerEffects | None = None
) -> Findings:
    """Sum up a sweep, finished or partial; in the metric that it opens on unless one is given.

    Of whole layers something is found where their effects are given.
    """
    if metric is None or not metric.measures(result):
        metric = opening(result).metric
    down, up = _by_size(result, metric, -1), _by_size(result, metric, 1)
    return Findings(
        metric=metric,
        lowered=tuple(down[:NAMED]),
        raised=tuple(up[:NAMED]),
        n_notable=len(down) + len(up),
        n_heads=len(result.heads),
        spread=_spread((down if metric.signed else up)[:LARGEST], result.shape[0]),
        headline=headline(result, metric, layer_effects),
        joint_layers=joint_layers(result, layer_effects, metric)[:NAMED],
        caveats=tuple(_caveats(result)),
    )


def _by_size(result: SweepResult, metric: Metric, sign: int) -> list[HeadEffect]:
    """The heads with a notable effect of a sign, the largest first."""
    ranked = result.ranked(metric.field)
    values = ((effect, metric.value(effect)) for effect in ranked)
    return [e for e, value in values if value and metric.is_notable(value) and value * sign > 0]


def thirds(n_layers: int) -> list[tuple[int, int]]:
    """Early, middle and late layers as (first, last); fewer parts for fewer than three layers."""
    parts = np.array_split(np.arange(n_layers), min(3, n_layers))
    return [(int(part[0]), int(part[-1])) for part in parts]


def _spread(drops: list[HeadEffect], n_layers: int) -> tuple[tuple[tuple[int, int], int], ...]:
    return tuple(
        ((first, last), sum(first <= e.layer <= last for e in drops))
        for first, last in thirds(n_layers)
    )


def _caveats(result: SweepResult) -> list[str]:
    base, caveats = result.baseline, []
    other = "log odds" if base.logit_diff is None else "the logit difference or log odds"
    if base.prob < LOW:
        caveats.append(
            f"The baseline is only {percent(base.prob)}: a probability near 0 hardly shows a head "
            f"that holds the answer up. Look at {other}."
        )
    elif base.prob > HIGH:
        caveats.append(
            f"The baseline is {percent(base.prob)}: a probability near 1, and its logarithm too, "
            "hardly shows a head that works against the answer, and hides small losses. Look at "
            f"{other}."
        )
    if base.rank > 1:
        caveats.append(
            f"The target is not the model's own first choice: it ranks {base.rank:,} without any "
            "ablation."
        )
    if len(result.target_tokens) > 1 and isinstance(result.spec.target, str):
        caveats.append(
            f"The target is {len(result.target_tokens)} tokens: its probability is the product "
            "over all of them, each given those before it."
        )
    if result.parts_at is not None:
        spec, tokens = result.spec, (result.target_tokens, result.foil_tokens)
        compared = plain(parting_words((spec.target, spec.foil), tokens, result.parts_at))
        caveats.append(f"{compared} P(target) is still that of the whole target.")
    elif result.compares_whole_answers:
        caveats.append(
            "Target and foil have different numbers of tokens, and this run, of an older "
            "Headsweep, compares them as wholes: the longer one loses by its length. Sweep again "
            "to compare them where they part."
        )
    if said := precision_caveat(result):
        caveats.append(said)
    caveats.append("One prompt: these are effects on this prompt, without any error bar.")
    caveats.append(result.spec.ablation.caveat)
    if (longest := result.provenance.reference_longest) is not None:
        caveats.append(shorter_set(longest, len(result.tokens)))
    reference = result.spec.reference
    if reference is not None and is_part_of_default(reference):
        caveats.append(
            f"The average is over {len(reference)} of the {len(DEFAULT)} default reference "
            "sentences: what the model's tokenizer cannot read is left out."
        )
    if result.spec.ablation.traits.keeps_share and result.shape[1] == 1:
        caveats.append("With one head a layer, the mean across heads is the head itself.")
    if result.shape[0] * result.shape[1] > 1:
        caveats.append(
            "Heads were ablated one at a time: two heads that can each do the job alone both look "
            "unneeded."
        )
    return caveats

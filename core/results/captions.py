"""What stands beneath a sweep's heatmap: what it was computed from, and what its bars are.

With it a picture, a page or a printed table explains itself.
"""

from core.prompts.token_words import answer_words
from core.results.layer_effects import LayerEffects
from core.results.result import Provenance, SweepResult
from core.text.numbers import percent
from core.text.words import Words, joined, phrase

SLOWER_PATH = "slower path, with the same numbers"
"""What a model goes through, hook by hook, whose wiring is not known or does not fit."""


def provenance_words(result: SweepResult) -> Words:
    """What a sweep was computed from, in one line."""
    return joined(" · ", provenance_parts(result))


def provenance_parts(result: SweepResult) -> tuple[Words, ...]:
    """The same part by part, for media that break lines between parts."""
    spec, made, base = result.spec, result.provenance, result.baseline
    total = result.shape[0] * result.shape[1]
    target = answer_words(result.target_tokens, spec.target)
    parts = (
        f"model {spec.model}",
        spec.in_words(),
        "BOS first" if spec.prepend_bos else "no BOS",
        f"{spec.weights} weights",
        *(() if result.complete else (f"{len(result.heads)} of {total} heads",)),
        f"fingerprint {made.model_fingerprint[:8]}",
        f"Headsweep {made.headsweep}",
        f"TransformerLens {made.transformer_lens}",
        f"{made.device}, {made.dtype}",
        *slower_path_parts(made),
    )
    return (phrase("baseline P(", target, f") {percent(base.prob, 2)}"), *map(phrase, parts))


def slower_path_parts(made: Provenance) -> tuple[str, ...]:
    """Why the model took the slower path; nothing where it did not."""
    return (f"{SLOWER_PATH}: {made.slower_because}",) if made.slower_because else ()


def provenance_rows(made: Provenance) -> tuple[tuple[str, str], ...]:
    """What the numbers were computed with, as (name, value); all but how long it took.

    Why it took the slower path, and how far bfloat16 is from float32, stand there only where they
    are known.
    """
    slower, apart, longest = made.slower_because, made.float32_distance, made.reference_longest
    return (
        ("Headsweep", made.headsweep),
        ("TransformerLens", made.transformer_lens),
        ("torch", made.torch),
        ("model fingerprint", made.model_fingerprint),
        ("device", made.device),
        ("dtype", made.dtype),
        *((("largest distance from float32", f"{apart:.2g} nats"),) if apart is not None else ()),
        *((("tokens of the longest reference text", f"{longest:,}"),) if longest else ()),
        *(((SLOWER_PATH, slower),) if slower else ()),
    )


def layer_effect_words(result: SweepResult, layer_effects: LayerEffects | None) -> Words:
    """What the bars beside the rows are; `layer_effects` None: what they will be."""
    attention = (
        "Bars beside the rows, on a scale of their own: ■ the layer’s attention, all its heads at "
        "once"
    )
    if why := no_mlp_words(result, layer_effects):
        return phrase(f"{attention}. {why}")
    return phrase(f"{attention} · □ its MLP, ablated the same way.")


def no_mlp_words(result: SweepResult, layer_effects: LayerEffects | None) -> str:
    """Why no MLP has an effect of its own, as a sentence; "" where they have, or may yet."""
    if why := result.spec.ablation.traits.no_mlps:
        return f"{why}."
    if layer_effects is not None and all(each is None for each in layer_effects.mlp):
        return "The MLPs of this model could not be reached."
    return ""

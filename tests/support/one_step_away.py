"""What a reader of the Sweep page finds one step away: in the composer, or among the details."""

COMPOSER = (
    "prompt",
    "target",
    "foil",
    "model",
    "ablation",
    "positions",
    "chosen_",
    "token_strip",
    "guess",
    "starter",
    "example",
    "random_tokens",
    "control",
    "without_first_copy",
    "repeated_random",
    "reference",
    "own_reference",
    "corrupted",
    "resample",
    "in_words",
    "bos",
    "weights",
    "dtype",
    "more_choices",
    "whole_prompt",
    "choices",
    "alignment",
    "build",
    "replace",
)
"""How the keys of its fields begin."""

RANKING, KINDS, PROVENANCE = (
    "Every head as a table",
    "Do the kinds of ablation agree?",
    "How this was computed",
)
DETAILS = {
    "ranking": RANKING,
    "rows": RANKING,
    "columns": RANKING,
    "compare_kinds": KINDS,
    "kinds": KINDS,
    "kind_multiples": KINDS,
    "try_resample": KINDS,
    "provenance": PROVENANCE,
    "margins": PROVENANCE,
    "metric_why": PROVENANCE,
}
"""The choice among the details under which something with a key stands."""


def is_of_composer(key: str) -> bool:
    """Whether something with that key stands in the open composer."""
    return key.startswith(COMPOSER)

"""What is said of the gap between a clean and a corrupted run. Imports no torch."""

from typing import TYPE_CHECKING

from core.text.numbers import signed

if TYPE_CHECKING:
    from core.circuits.patching import OnAGap


def gap_words(found: "OnAGap", metric: str) -> tuple[str, ...]:
    """The metric in both runs, and what a share of the gap means: sentences.

    `metric` is "logit_diff" or "logodds". Where the corrupted run is the answer's own one, they say
    that the two prompts have changed places.
    """
    of = "log odds of the target" if metric == "logodds" else "logit(target) − logit(foil)"
    levels = (
        f"{of}: {signed(found.clean, 2)} clean, {signed(found.corrupted, 2)} corrupted; the gap is "
        f"{signed(found.gap, 2)} nats."
    )
    if found.normalised is None:
        return levels, "That is too small for shares: the values are nats."
    if found.roles_turned:
        return (
            levels,
            f"The two prompts have changed places: {of} is higher on the corrupted prompt than on "
            "the clean one.",
            "1 is still all of the gap, but what closes it lowers the answer; exchange the two "
            "prompts, or target and foil, for the usual reading.",
        )
    return (
        levels,
        "1 is all of the gap, 0 nothing of it; more than 1: beyond the run that is patched in "
        "(denoise: the clean one); below 0: further from it.",
        "What restores the answer need not be needed for it.",
    )

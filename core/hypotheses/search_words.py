"""What is said of a search: what was found, why it ended there, or why no set was found.

Page and JSON say it in these words.
"""

import math
from typing import TYPE_CHECKING

from core.prompts.tokens import visible_text
from core.text.numbers import percent, signed

if TYPE_CHECKING:  # these import torch, which no sentence needs
    from core.hypotheses.search_state import Search, Trail

NOT_FOUND = "No set was found that keeps the answer, so none is tried on variants of the prompt."


def search_words(search: "Search") -> tuple[str, ...]:
    """What a search has found, or how far it is, as sentences."""
    if not search.finished:
        trail = search.current
        named = ", ".join(head.label for head in trail.heads) or "no head"
        doing = (
            "Every other head is tried as the next"
            if trail is search.forward
            else "Each of them is tried as the next to be left out"
        )
        return (f"So far, {trail.direction.value}: {named} kept. {doing}.",)
    best = search.best
    ways = [f"{trail.direction.value}: {trail.ended}" for trail in search.trails]
    if not best.found:
        return (f"No set found ({'; '.join(ways)}).", standing_words(search, best))
    other = next(trail for trail in search.trails if trail is not best)
    beside = (
        f"{other.direction.value.capitalize()} found {_counted(other)}"
        if other.found
        else f"{other.direction.value.capitalize()} found no set ({other.ended})"
    )
    named = ", ".join(head.label for head in best.heads) or "none"
    return (
        f"Found {_counted(best)} of {search.n_heads}, {best.direction.value}: {named}.",
        f"It ended there: {best.ended}.",
        standing_words(search, best),
        f"{beside}. Both ways are greedy: another set may be smaller.",
    )


def standing_words(search: "Search", trail: "Trail") -> str:
    """Where the answer stands at a trail's last step: rank, P, and log probs of its rivals."""
    effect, clean = trail.steps[-1].effect, search.baseline
    logprob = clean.logprob + effect.logprob_change
    logs = [f"log P {signed(logprob, 2)}"]
    if effect.logit_diff_change is not None and clean.logit_diff is not None:
        foil = logprob - clean.logit_diff - effect.logit_diff_change
        logs.append(f"{signed(foil, 2)} for the foil")
    others = ((text, prob) for text, prob in effect.top if text not in search.targets and prob > 0)
    if (likeliest := next(others, None)) is not None:
        text, prob = likeliest
        logs.append(f"{signed(math.log(prob), 2)} for “{visible_text(text)}”, the likeliest other")
    return (
        f"With {_counted(trail)} kept the target is at rank {effect.rank:,}, "
        f"P {percent(clean.prob)} → {percent(effect.prob)} ({', '.join(logs)})."
    )


def _counted(trail: "Trail") -> str:
    n = len(trail.heads)
    return f"{n} {'head' if n == 1 else 'heads'}"

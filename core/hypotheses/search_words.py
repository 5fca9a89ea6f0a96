"""What is said of a search: what was found, why it ended there, or why no set was found.

Page and JSON say it in these words.
"""

import math
from typing import TYPE_CHECKING

from core.prompts.tokens import visible_text
from core.text.numbers import percent, signed

if TYPE_CHECKING:  # these import torch, which no sentence needs
    from core.hypotheses.answer_logits import AnswerLogits
    from core.hypotheses.search_state import Search, Trail
    from core.results.result import Effect

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
    if search.nothing_to_keep:
        clean = search.baseline
        return (
            f"Nothing was searched: with every head in place the target is at rank {clean.rank:,}, "
            f"P {percent(clean.prob)}, so there is no answer to keep.",
        )
    best = search.best
    if not best.found:
        return (_none_found(search), standing_words(search, best), *_advice(search))
    other = next(trail for trail in search.trails if trail is not best)
    beside = (
        f"{other.direction.value.capitalize()} found {_counted(other)}"
        if other.found
        else f"{other.direction.value.capitalize()} found no set ({other.ended})"
    )
    named = ", ".join(head.label for head in best.heads) or "none"
    return (
        f"Found {_counted(best)} of {search.n_heads} that {_kept_words(search, best)}, "
        f"{_way(best)}: {named}.",
        f"It ended there: {best.ended}.",
        standing_words(search, best),
        f"{beside}. Both ways are greedy: another set may be smaller.",
        *_advice(search),
    )


def _none_found(search: "Search") -> str:
    """Why there is no set: every head is needed, or what keeps the answer is more than allowed."""
    ways = "; ".join(f"{_way(trail)}: {trail.ended}" for trail in search.trails)
    is_smaller = len(search.backward.heads) < search.n_heads
    which = "small enough was found" if is_smaller else "smaller than all heads was found"
    return f"No set {which} that keeps {_share_words(search)} ({ways})."


def _advice(search: "Search") -> tuple[str, ...]:
    """Where all of the answer was asked for and it took most heads, or no set has it."""
    if search.enough < 1 or (search.found and 2 * len(search.heads) <= search.n_heads):
        return ()
    return ("A smaller share of the answer may be kept by fewer heads.",)


def _way(trail: "Trail") -> str:
    doing = "adding heads" if trail.direction.value == "forward" else "leaving heads out"
    return f"{trail.direction.value} ({doing})"


def _kept_words(search: "Search", trail: "Trail") -> str:
    return f"keep{'s' if len(trail.heads) == 1 else ''} {_share_words(search)}"


def _share_words(search: "Search") -> str:
    if search.enough == 1:
        return "all of the answer"
    return f"at least {percent(search.enough).replace('.0 %', ' %')} of the answer"


def standing_words(search: "Search", trail: "Trail") -> str:
    """Where the answer stands at a trail's last step: rank, P, and the logits of its rivals too."""
    effect, clean = trail.steps[-1].effect, search.baseline
    logits = "" if search.logits is None else f" ({_logit_words(search, search.logits, effect)})"
    return (
        f"With {_counted(trail)} kept the target is at rank {effect.rank:,}, "
        f"P {percent(clean.prob)} → {percent(effect.prob)}{logits}."
    )


def _logit_words(search: "Search", logits: "AnswerLogits", effect: "Effect") -> str:
    said = [f"logit {signed(logits.target, 2)}"]
    if logits.foil is not None:
        said.append(f"{signed(logits.foil, 2)} for the foil")
    others = ((text, prob) for text, prob in effect.top if text not in search.targets and prob > 0)
    if (likeliest := next(others, None)) is not None:
        text, prob = likeliest
        logit = signed(math.log(prob) + logits.log_sum, 2)
        said.append(f"{logit} for “{visible_text(text)}”, the likeliest other")
    return ", ".join(said)


def _counted(trail: "Trail") -> str:
    n = len(trail.heads)
    return f"{n} {'head' if n == 1 else 'heads'}"

"""Greedy search for a small set of heads that keeps the answer while all others are ablated.

It is done in both directions, and the smaller set is reported. Forward begins with no head, and
each step adds the head that raises the metric most; where several reach the clean value, the one
that keeps the most probability, then the best rank. It is short-sighted: heads that work only
together are not found.

Backward begins with every head, and each step drops what costs least while the answer is still
kept. While more than `ONE_BY_ONE` heads are kept a step may drop several: as many of the cheapest
as can go together, at most half of what is kept; from there on it drops one at a time. So on a
model of 144 heads it runs some hundred sets and not 10,000. What is not done: a head dropped is
never taken in again, and no pair is tried for being droppable only together.

Neither need find the smallest set. The result holds for its prompt and its kind of ablation
(Miller et al. 2024, arXiv:2407.08734). `core.hypotheses.held_out` tests it on other prompts.
"""

from collections.abc import Generator, Sequence
from dataclasses import replace

from core.errors import InputError
from core.hypotheses.answer_logits import answer_logits
from core.hypotheses.joint_effects import change, joint_effects, others_of
from core.hypotheses.keep_only import check_keep_only
from core.hypotheses.search_state import Direction, Search, SearchStep, Trail
from core.progress import map_steps
from core.prompts.tokens import token_text
from core.results.result import Effect
from core.spec.heads import Head, all_heads
from core.sweep.scorer import Scorer, baseline_of

MAX_SIZE = 20
ONE_BY_ONE = 20
"""With more heads kept than these, backward may drop several at a time."""
MOST_ROUNDS = 60
"""Backward ends after so many steps, however many heads are left."""

REACHED = "with the last of these heads the answer is kept"
NOTHING_ADDS = "no head adds anything"
LARGEST = "the largest size allowed is reached"
WITH_EVERY = "its way would take every head"
NEEDED = "without any one of these heads the answer is no longer kept"
NONE_NEEDED = "no head is needed"
ALL_NEEDED = "no head can be left out"
NOT_FIRST = "the target is not at rank 1 with every head in place"
OUT_OF_ROUNDS = f"it ended after {MOST_ROUNDS} steps"
TOO_MANY = "the answer is kept by {n} heads, and {most} are allowed"

_Steps = Generator[Search, None, Search]


def greedy(scorer: Scorer, max_size: int = MAX_SIZE, enough: float = 1.0) -> _Steps:
    """Search a set of at most `max_size` heads, forward and backward; yields and returns `Search`.

    A set is found only where it keeps `enough` of the metric and of the probability, and the
    target at rank 1: see `Search.keeps`. All heads together are no set. Where the target is not at
    rank 1 with every head in place, neither way is gone: there is no answer to keep. It yields the
    state so far, not the share done, and may be stopped at every yield. Of equal candidates the
    first in head order is taken. Raises `InputError` for sizes and shares out of range, and where
    `check_keep_only` does.
    """
    _check(scorer, max_size, enough)
    model, target = scorer.model, scorer.prepared.target
    n_heads = model.n_layers * model.n_heads
    largest = min(max_size, n_heads - 1)
    texts = tuple(token_text(model.tokenizer, option[0]) for option in target.options)
    baseline = baseline_of(model, scorer.baseline)
    search = Search(scorer.metric, baseline, enough, n_heads, texts)
    search = yield from _forward(scorer, search, largest)
    search = yield from _backward(scorer, search, largest)
    ended = replace(search, fraction=1.0)
    logits = yield from map_steps(answer_logits(scorer, ended.heads), lambda _: ended)
    search = replace(ended, logits=logits)
    yield search
    return search


def _forward(scorer: Scorer, search: Search, largest: int) -> _Steps:
    """Add heads one by one until the answer is kept, or none adds anything, or there is no room."""

    def fraction(part: float) -> float:
        return min(1.0, (len(search.forward.steps) + part) / (largest + 1)) / 2

    (first,) = yield from _effects_of_keeping(scorer, search, [()], (fraction(0.0), fraction(1.0)))
    search = _with_step(search, search.forward, SearchStep((), (), first), fraction(1.0))
    while True:
        trail = search.forward
        last, kept = trail.steps[-1].effect, trail.heads
        if search.nothing_to_keep:
            return _ended(search, trail, NOT_FIRST)
        if search.keeps(last):
            return _ended(search, trail, REACHED if kept else NONE_NEEDED, found=True)
        if len(kept) >= largest:
            every = len(kept) == search.n_heads - 1
            return _ended(search, trail, WITH_EVERY if every else LARGEST)
        candidates = others_of(scorer, kept)
        sets = [(*kept, head) for head in candidates]
        span = (fraction(0.0), fraction(1.0))
        effects = yield from _effects_of_keeping(scorer, search, sets, span)
        worth = [_worth(search, effect) for effect in effects]
        best = max(range(len(worth)), key=worth.__getitem__)  # the first of equal ones
        if worth[best] <= _worth(search, last):
            return _ended(search, trail, NOTHING_ADDS)
        step = SearchStep((candidates[best],), sets[best], effects[best])
        search = _with_step(search, trail, step, fraction(1.0))
        yield search


def _backward(scorer: Scorer, search: Search, largest: int) -> _Steps:
    """Drop heads while the answer is kept."""
    every = tuple(all_heads(scorer.model.n_layers, scorer.model.n_heads))

    def fraction(part: float) -> float:
        return 0.5 + (len(every) - len(search.backward.heads) + part) / len(every) / 2

    (whole,) = yield from _effects_of_keeping(scorer, search, [every], (0.5, 0.5))
    search = _with_step(search, search.backward, SearchStep((), every, whole), 0.5)
    yield search
    if not search.keeps(whole):
        return _ended(search, search.backward, NOT_FIRST)
    for _ in range(MOST_ROUNDS):
        span = (fraction(0.0), fraction(1.0))
        step = yield from _dropped(scorer, search, span)
        if step is None:
            break
        search = _with_step(search, search.backward, step, span[1])
        yield search
    else:
        return _ended(search, search.backward, OUT_OF_ROUNDS, found=_is_small(search, largest))
    kept = len(search.backward.heads)
    why = NEEDED if kept else NONE_NEEDED
    if kept == len(every):
        why = ALL_NEEDED
    elif kept > largest:
        why = TOO_MANY.format(n=kept, most=largest)
    return _ended(search, search.backward, why, found=_is_small(search, largest))


def _is_small(search: Search, largest: int) -> bool:
    """Whether what is left backward is no more than allowed, which all heads never are."""
    return len(search.backward.heads) <= largest


def _dropped(
    scorer: Scorer, search: Search, span: tuple[float, float]
) -> Generator[Search, None, SearchStep | None]:
    """The next step backward: the cheapest head dropped, or several; None where none can go."""
    kept = search.backward.heads
    if not kept:
        return None
    middle = span[0] + 0.9 * (span[1] - span[0])
    sets = [_without(kept, (head,)) for head in kept]
    effects = yield from _effects_of_keeping(scorer, search, sets, (span[0], middle))
    cost = {head: -change(e, search.metric) for head, e in zip(kept, effects, strict=True)}
    cheapest = sorted(kept, key=cost.__getitem__)
    one = dict(zip(kept, effects, strict=True))
    able = [head for head in cheapest if search.keeps(one[head])]
    if not able:
        return None
    if len(kept) > ONE_BY_ONE:
        sizes = _halves(min(len(kept) // 2, len(able)))
        sets = [_without(kept, able[:size]) for size in sizes]
        effects = yield from _effects_of_keeping(scorer, search, sets, (middle, span[1]))
        for size, left, effect in zip(sizes, sets, effects, strict=True):
            if search.keeps(effect):
                return SearchStep(tuple(able[:size]), left, effect)
    return SearchStep((able[0],), _without(kept, able[:1]), one[able[0]])


def _halves(largest: int) -> list[int]:
    """`largest`, its half, the half of that, ..., down to 2."""
    sizes = []
    while largest > 1:
        sizes.append(largest)
        largest //= 2
    return sizes


def _without(kept: Sequence[Head], dropped: Sequence[Head]) -> tuple[Head, ...]:
    gone = set(dropped)
    return tuple(head for head in kept if head not in gone)


def _effects_of_keeping(
    scorer: Scorer,
    search: Search,
    sets: Sequence[tuple[Head, ...]],
    span: tuple[float, float],
) -> Generator[Search, None, tuple[Effect, ...]]:
    """Keep each set alone, and return one effect per set; yields the search with its progress."""

    def progress(step: tuple[int, float]) -> Search:
        done, part = step
        fraction = span[0] + part * (span[1] - span[0])
        return replace(search, candidates_done=done, n_candidates=len(sets), fraction=fraction)

    if not sets:
        return ()
    work = joint_effects(scorer, [others_of(scorer, kept) for kept in sets])
    return (yield from map_steps(work, progress))


def _worth(search: Search, effect: Effect) -> tuple[float, float, int]:
    """What a candidate is chosen by: the metric, then the probability, then the rank.

    Values above the clean run's count as its own.
    """
    capped = min(0.0, change(effect, search.metric))
    return capped, min(effect.prob, search.baseline.prob), -effect.rank


def _with_step(search: Search, trail: Trail, step: SearchStep, fraction: float) -> Search:
    return _with(search, replace(trail, steps=(*trail.steps, step)), fraction)


def _ended(search: Search, trail: Trail, why: str, *, found: bool = False) -> Search:
    return _with(search, replace(trail, ended=why, found=found), search.fraction)


def _with(search: Search, trail: Trail, fraction: float) -> Search:
    if trail.direction is Direction.FORWARD:
        return replace(search, forward=trail, fraction=fraction)
    return replace(search, backward=trail, fraction=fraction)


def _check(scorer: Scorer, max_size: int, enough: float) -> None:
    check_keep_only(scorer.prepared.spec)
    if max_size < 1:
        raise InputError("max_size", f"The largest size is {max_size}: use a number from 1.")
    check_enough(enough)


def check_enough(enough: float) -> None:
    """Refuse a share that cannot be kept: raises `InputError` (field "enough")."""
    if not 0 < enough <= 1:
        raise InputError(
            "enough", f"{enough} of the clean probability: give a fraction above 0, at most 1."
        )

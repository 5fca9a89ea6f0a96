"""Prompts to begin with, and controls for a prompt that repeats itself."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import streamlit as st

from components.state import BOS, Session, chosen_bos, clean_baseline, put, value
from components.state.answer_syntax import parse_answer, typed_answer
from components.widgets.composer.draft import Draft
from components.widgets.composer.starter_menu import starter_menu
from components.widgets.page.html import show_html
from components.widgets.page.messages import error_message, note
from components.words.markup import fill
from core.demo.lexicon import everyday_words
from core.demo.starter_words import unknown_note
from core.errors import InputError
from core.results.copied_words import copied_words
from core.results.result import Baseline
from core.spec.answer import Answer
from core.spec.spec import SweepSpec
from core.text.numbers import percent

WORDS = 10
"""Random words a copy."""
DEMO = "demo"
"""The embedded model's name."""
_LOADING = "Available as soon as the model is loaded."


@dataclass(frozen=True)
class Control:
    """A control that was asked for: what it put in the fields, and how to read it.

    `before` is the prompt that it is a control for, `error` why there is none. Of random words,
    `seed` is that of the draw, `median_of` the number of draws that it is the median of (0: it was
    taken as it came), `model` the fingerprint of the model that it is the median on.
    """

    prompt: str = ""
    target: Answer = ""
    before: str | None = None
    seed: int = 0
    median_of: int = 0
    model: str = ""
    error: str | None = None


def starters(draft: Draft, state: Session) -> None:
    """Examples and controls, and a sentence on the control in use."""
    with st.container(horizontal=True, key="starters", gap="small", vertical_alignment="center"):
        starter_menu(draft, state)
        with _group("controls", "Controls:"):
            _controls(draft)
    control: Control | None = value("control")
    if control is not None and control.error is not None:
        error_message(control.error)
    elif control is not None and control.prompt == value("prompt"):
        _say(draft, control)
    if draft.name == DEMO and (said := unknown_note(value("prompt") or "")):
        note(said)


@contextmanager
def _group(key: str, title: str) -> Iterator[None]:
    """Buttons that stay together where a narrow page wraps, with a word in front."""
    with st.container(
        horizontal=True, key=key, gap="small", vertical_alignment="center", width="content"
    ):
        show_html(fill('<span class="hs-quiet">{}</span>', title), width="content")
        yield


def _controls(draft: Draft) -> None:
    prompt = value("prompt") or ""
    shorter, why_not = _shorter(draft, prompt)
    st.button(
        "without its first copy",
        key="without_first_copy",
        type="tertiary",
        disabled=shorter is None,
        help=why_not or "The second copy alone: is the target still likely?",
        on_click=_drop_first_copy,
        args=(prompt, shorter),
    )
    st.button(
        "repeated random words",
        key="repeated_random",
        type="tertiary",
        disabled=draft.model is None,
        help=_LOADING
        if draft.model is None
        else "Random words said twice, which no model has memorised; each click draws others.",
        on_click=_draw,
        args=(draft.model,),
    )


def _shorter(draft: Draft, prompt: str) -> tuple[str | None, str | None]:
    """The prompt without its first copy, or why there is none."""
    if draft.model is None:
        return None, _LOADING
    if "prompt" in draft.errors or draft.tokens is None:
        return None, "The prompt needs a correction first."
    from core.prompts.controls import without_first_copy

    model, read = draft.model, draft.tokens
    try:
        return without_first_copy(
            model.tokenizer, prompt, prepend_bos=read.has_bos, read=read
        ), None
    except InputError as error:
        return None, str(error)


def _drop_first_copy(before: str, prompt: str) -> None:
    put("control", Control(prompt, parse_answer(value("target") or ""), before))
    put("prompt", prompt)


def _draw(model: Any) -> None:
    """The median of some draws first; after it, at each click, one more as it comes."""
    from core.prompts.controls import repeated_random
    from core.sweep.median_draw import N_DRAWS, median_draw

    last: Control | None = value("control")
    again = last is not None and last.model == model.fingerprint
    seed = max(last.seed + 1, N_DRAWS) if last is not None and again else 0
    bos, pool = chosen_bos(model), everyday_words()
    words = min(WORDS, (model.n_ctx + 1 - int(bos)) // 2)
    try:
        if again:
            prompt, target, foil = repeated_random(
                model.tokenizer, model.n_ctx, words, seed, pool, prepend_bos=bos
            )
        else:
            draw = median_draw(model, words, pool, prepend_bos=bos)
            prompt, target, foil, seed = draw.prompt, draw.target, draw.foil, draw.seed
    except InputError as error:
        put("control", Control(error=str(error)))
        return
    median_of = 0 if again else N_DRAWS
    made = Control(prompt, target, seed=seed, median_of=median_of, model=model.fingerprint)
    put("control", made)
    for key, text in (("prompt", prompt), ("target", target), ("foil", foil)):
        put(key, typed_answer(text) if key != "prompt" else text)


def _say(draft: Draft, control: Control) -> None:
    """What the control in use shows, with the clean probabilities where they are known."""
    now = _clean(draft, control.prompt)
    if control.before is None:
        said = _random_words(draft, control, now)
    else:
        before = _clean(draft, control.before)
        said = "The prompt without its first copy. "
        if now and before:
            went = f"{percent(before.prob)} with it and is {percent(now.prob)}"
            said += f"P(target) was {went} without: "
        said += (
            "where the target stays likely, the model knows the words by heart, and a sweep says "
            "little about copying; where it does not, the target came from the first copy."
        )
    with st.container(key="control", horizontal=True, vertical_alignment="center"):
        note(said)
        if control.before is not None:
            st.button(
                "Back to the whole prompt",
                key="whole_prompt",
                type="tertiary",
                on_click=_back,
                args=(control.before,),
            )


def _random_words(draft: Draft, control: Control, now: Baseline | None) -> str:
    """Which draw it is, and whether the model copied."""
    which = f"draw {control.seed + 1}"
    if control.median_of:
        which += f" of {control.median_of}, the median by P(target)"
    else:
        which += ", as it came"
    said = f"Random words said twice ({which}; click again for others). "
    alone, _ = _shorter(draft, control.prompt)
    without = None if alone is None else _clean(draft, alone)
    if now is None or without is None:
        return said
    return said + copied_words(now.prob, now.rank, without.prob)


def _back(prompt: str) -> None:
    put("prompt", prompt)
    put("control", None)


def _clean(draft: Draft, prompt: str) -> Baseline | None:
    """The target after a prompt, nothing ablated; None where it cannot be had."""
    model, target = draft.model, value("target")
    if model is None or not target:
        return None
    try:
        spec = SweepSpec(
            model=model.name,
            prompt=prompt,
            target=parse_answer(target),
            prepend_bos=BOS[value("bos")],
        )
        return clean_baseline(model, model.fingerprint, spec)
    except InputError:
        return None

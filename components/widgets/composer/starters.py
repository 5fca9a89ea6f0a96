"""Prompts to begin with, and controls for a prompt that repeats itself, each one click."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import streamlit as st

from components.state import chosen_bos, clean_baseline, put, value
from components.state.answer_syntax import parse_answer, typed_answer
from components.widgets.composer.draft import Draft
from components.widgets.page.html import show_html
from components.widgets.page.messages import error_message, note
from components.words.markup import fill
from core.demo import example
from core.errors import InputError
from core.spec.answer import Answer
from core.spec.spec import SweepSpec
from core.text.numbers import percent

WORDS = 10
"""Random words a copy."""
_LOADING = "Available as soon as the model is loaded."


@dataclass(frozen=True)
class Control:
    """A control that was asked for: what it put in the fields, and how to read it.

    `before` is the prompt that it is a control for, `error` why there is none.
    """

    prompt: str = ""
    target: Answer = ""
    before: str | None = None
    seed: int = 0
    error: str | None = None


def starters(draft: Draft) -> None:
    """Examples and controls, and a sentence on the control in use."""
    with st.container(horizontal=True, key="starters", gap="small"):
        with _group("examples", "Or try:"):
            for index, (title, spec) in enumerate(example.TRY):
                key = f"example-{index}"
                st.button(title, key=key, type="tertiary", on_click=_take, args=(spec,))
        with _group("controls", "Controls:"):
            _controls(draft)
    control: Control | None = value("control")
    if control is not None and control.error is not None:
        error_message(control.error)
    elif control is not None and control.prompt == value("prompt"):
        _say(draft, control)


@contextmanager
def _group(key: str, title: str) -> Iterator[None]:
    """Buttons that stay together where a narrow page wraps, with a word in front."""
    with st.container(
        horizontal=True, key=key, gap="small", vertical_alignment="center", width="content"
    ):
        show_html(fill('<span class="hs-quiet">{}</span>', title), width="content")
        yield


def _take(spec: SweepSpec) -> None:
    put("prompt", spec.prompt)
    put("target", typed_answer(spec.target))
    put("foil", typed_answer(spec.foil))
    put("control", None)


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
    from core.prompts.controls import repeated_random

    last: Control | None = value("control")
    seed = last.seed + 1 if last is not None and last.before is None else 0
    bos = chosen_bos(model)
    words = min(WORDS, (model.n_ctx + 1 - int(bos)) // 2)
    try:
        prompt, target, foil = repeated_random(
            model.tokenizer, model.n_ctx, words, seed, prepend_bos=bos
        )
    except InputError as error:
        put("control", Control(seed=seed, error=str(error)))
        return
    put("control", Control(prompt, target, seed=seed))
    for key, text in (("prompt", prompt), ("target", target), ("foil", foil)):
        put(key, typed_answer(text) if key != "prompt" else text)


def _say(draft: Draft, control: Control) -> None:
    """What the control in use shows, with the clean probabilities where they are known."""
    now = _prob(draft, control.prompt)
    if control.before is None:
        said = f"Random words said twice (draw {control.seed + 1}; click again for others). "
        said += f"P(target) is {now} here: " if now else ""
        said += (
            "no training text held these words in this order, so a likely target was copied from "
            "the first copy, not remembered. Do the same heads matter here as on your prompt?"
        )
    else:
        before = _prob(draft, control.before)
        said = "The prompt without its first copy. "
        said += f"P(target) was {before} with it and is {now} without: " if now and before else ""
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


def _back(prompt: str) -> None:
    put("prompt", prompt)
    put("control", None)


def _prob(draft: Draft, prompt: str) -> str | None:
    """The target's clean probability after a prompt; None where it cannot be had."""
    model, target = draft.model, value("target")
    if model is None or not target:
        return None
    try:
        spec = SweepSpec(model=model.name, prompt=prompt, target=parse_answer(target))
        return percent(clean_baseline(model, model.fingerprint, spec).prob)
    except InputError:
        return None

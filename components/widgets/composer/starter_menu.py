"""The ten prompts to begin with, in one menu, with how the model in use does on each."""

from collections.abc import Sequence
from itertools import groupby

import streamlit as st

from components.state import BOS, Session, chosen_key, put, value
from components.state.answer_syntax import typed_answer
from components.widgets.composer.draft import Draft
from components.widgets.page.html import show_html
from components.widgets.page.messages import note
from components.widgets.page.task_result import task_result
from components.words.escaping import as_markdown
from components.words.markup import fill
from core.demo.starter_words import known_words, standing_words
from core.demo.starters import STARTERS, CheckStarters, Standing, Starter
from core.prompts.tokens import visible_text

_SLOT = "starters"


def starter_menu(draft: Draft, state: Session) -> None:
    """A menu by grade; the model is run on the prompts when it is opened, and not before."""
    menu = st.popover(
        "Prompts to start from",
        key="starter_menu",
        type="tertiary",
        icon=":material/lightbulb:",
        on_change="rerun",
    )
    with menu, st.container(key="starter_list", gap="xxsmall"):
        known = _standings(draft, state) if menu.open else ()
        for grade, several in groupby(enumerate(STARTERS), lambda each: each[1].grade):
            show_html(fill('<div class="hs-quiet hs-grade">{}</div>', grade))
            for index, starter in several:
                _entry(starter, known[index] if index < len(known) else None)
        note(known_words() if draft.name == "demo" else _LARGER)


_LARGER = "A prompt that is beyond a model shows how it fails, and not which heads do the task."


def _standings(draft: Draft, state: Session) -> Sequence[Standing]:
    """How the model does, as far as that is known."""
    if draft.model is None:
        note("How the model does on each is said here once it is loaded.")
        return ()
    task = CheckStarters(chosen_key(draft.name), BOS[value("bos")])
    return task_result(state, _SLOT, task) or ()


def _entry(starter: Starter, standing: Standing | None) -> None:
    said = starter.task if standing is None else f"{starter.task} · {standing_words(standing)}"
    answers = (starter.target,) if isinstance(starter.target, str) else starter.target
    shown = " … ".join(visible_text(text) for text in dict.fromkeys((answers[0], answers[-1])))
    paper = f" To read: {starter.see}." if starter.see else ""
    st.button(
        f"{as_markdown(starter.title)} :small[:gray[{as_markdown(said)}]]",
        key=f"example-{starter.number}",
        type="tertiary",
        width="stretch",
        on_click=_take,
        args=(starter,),
        help=as_markdown(f"{starter.prompt} → {shown}.{paper}"),
    )


def _take(starter: Starter) -> None:
    put("prompt", starter.prompt)
    put("target", typed_answer(starter.target))
    put("foil", typed_answer(starter.foil))
    put("control", None)
    put("starter_menu", False)  # it is closed

"""One click to a corrupted prompt: names swapped, first copy shuffled, random tokens, one token."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import streamlit as st

from components.state import chosen_bos, put, value
from components.widgets.composer.draft import Draft
from components.widgets.composer.token_replacement import replacement_popover
from components.widgets.page.messages import error_message
from core.errors import InputError
from core.prompts.repeats import find_repeat
from core.spec.ablation import AblationKind

Make = Callable[[Any, str, int], str]
"""From a model, a prompt and a seed to a corrupted prompt; raises `InputError`."""

_LABELS = {
    "swap_names": ("Swap two names", "Its two names, found by their capitals, change places."),
    "shuffle_first_copy": (
        "Shuffle the first copy",
        "The words of the first copy in another order; each click another order.",
    ),
    "random_tokens": (
        "Random tokens",
        "As many random tokens as the prompt has; each click draws others.",
    ),
}
_SEEDED = ("shuffle_first_copy", "random_tokens")
_TRIES = 20


@dataclass(frozen=True)
class Built:
    """A corrupted prompt that was built, and from what; or that could not be, and why."""

    way: str
    prompt: str
    text: str = ""
    seed: int = 0
    names: tuple[str, ...] | None = None
    error: str | None = None

    @property
    def how(self) -> str:
        """The way in words."""
        named = _LABELS[self.way][0].lower() if self.way in _LABELS else "by hand"
        return f"{named}, seed {self.seed}" if self.way in _SEEDED else named


def builders(draft: Draft) -> None:
    """A button a way; of the last one, its seed or why it failed."""
    prompt, built = value("prompt") or "", value("built")
    failed: Built | None = value("build_failed")
    with st.container(horizontal=True, gap="small", vertical_alignment="center", key="builders"):
        for way, (label, help_text) in _LABELS.items():
            why_not = _no_repeat(draft) if way == "shuffle_first_copy" else None
            st.button(
                _label(label, built) if _current(built, way) else label,
                key=way,
                help=why_not or help_text,
                disabled=why_not is not None,
                on_click=_build,
                args=(draft.model, way),
            )
        replacement_popover(draft, prompt)
        st.button(
            "Copy the prompt",
            key="copy_prompt",
            type="tertiary",
            help="Begin with the prompt itself, to change words by hand.",
            on_click=put,
            args=("corrupted_prompt", prompt),
        )
    if failed is not None and failed.error is not None and failed.prompt == prompt:
        error_message(failed.error)
        if failed.way == "swap_names":
            _which_names(draft)


def rebuild(model: Any) -> None:
    """Build the corrupted prompt in the same way, with the same seed, from the prompt as it is."""
    built: Built | None = value("built")
    if built is not None:
        _keep(model, built.way, built.seed, built.names)


def try_resample(model: Any, prompt: str, prepend_bos: bool) -> None:
    """The composer on resample ablation of a prompt, with the first corrupted prompt that works.

    Names are swapped where there are two, else the first copy is shuffled, else tokens are random.
    """
    for way in _LABELS:
        try:
            text = _made(model, way, prompt, prepend_bos=prepend_bos)
        except InputError as error:
            put("build_failed", Built(way, prompt, error=str(error)))
            continue
        put("built", Built(way, prompt, text))
        put("build_failed", None)
        put("corrupted_prompt", text)
        break
    put("ablation", AblationKind.RESAMPLE)


def _build(model: Any, way: str) -> None:
    """Build in one way; once more, and the next seed is taken that gives something else."""
    built: Built | None = value("built")
    again = way in _SEEDED and _current(built, way)
    first = built.seed + 1 if again and built is not None else 0
    before = value("corrupted_prompt") if again else None
    for seed in range(first, first + _TRIES):
        if _keep(model, way, seed, None) != before:
            return


def _keep(model: Any, way: str, seed: int, names: tuple[str, ...] | None) -> str | None:
    """Build, and put what comes of it in the box; a failure leaves the box as it is."""
    prompt = value("prompt") or ""
    try:
        text = _make(model, way, prompt, seed, names)
    except InputError as error:
        put("build_failed", Built(way, prompt, seed=seed, names=names, error=str(error)))
        return None
    put("built", Built(way, prompt, text, seed, names))
    put("build_failed", None)
    put("corrupted_prompt", text)
    return text


def _make(model: Any, way: str, prompt: str, seed: int, names: tuple[str, ...] | None) -> str:
    bos = chosen_bos(model)
    return _made(model, way, prompt, prepend_bos=bos, seed=seed, names=names)


def _made(
    model: Any,
    way: str,
    prompt: str,
    *,
    prepend_bos: bool,
    seed: int = 0,
    names: tuple[str, ...] | None = None,
) -> str:
    from core.prompts import corruption

    tokenizer, bos = model.tokenizer, prepend_bos
    if way == "swap_names":
        return corruption.swap_names(tokenizer, prompt, names=names, prepend_bos=bos)
    if way == "shuffle_first_copy":
        return corruption.shuffle_first_copy(tokenizer, prompt, seed, prepend_bos=bos)
    return corruption.random_tokens(tokenizer, prompt, seed, prepend_bos=bos)


def _label(label: str, built: Built | None) -> str:
    """What pressing a button again does, where each press differs."""
    if built is None or built.way not in _SEEDED:
        return label
    return f"{label} again :small[:gray[seed {built.seed}]]"


def _current(built: Built | None, way: str) -> bool:
    """Whether what is in the box was built in this way from this very prompt."""
    return (
        built is not None
        and built.way == way
        and (built.prompt, built.text) == (value("prompt"), value("corrupted_prompt"))
    )


def _no_repeat(draft: Draft) -> str | None:
    if draft.tokens is None or find_repeat(draft.tokens) is None:
        return "This prompt does not end with a repeat of its own words."
    return None


def _which_names(draft: Draft) -> None:
    """Two names by hand, where they are not found by their capitals."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="which_names"):
        st.text_input("One name", key="name_one", width=160, persist_state="session")
        st.text_input("The other", key="name_two", width=160, persist_state="session")
        st.button("Swap these two", key="swap_these", on_click=_swap_these, args=(draft.model,))


def _swap_these(model: Any) -> None:
    names = tuple((value(key) or "").strip() for key in ("name_one", "name_two"))
    _keep(model, "swap_names", 0, names)

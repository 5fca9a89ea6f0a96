"""The prompt and its answer as the model's tokens, beneath the prompt: to read, or to choose."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import streamlit as st
from markupsafe import Markup

from components.state import put, value
from components.widgets.page.html import show_html
from components.words.escaping import as_markdown
from components.words.markup import fill, joined_html, token_html, words_html
from core.prompts.token_words import token_count_words
from core.prompts.tokens import visible_text
from core.text.words import Words

SHOWN = 240
"""Tokens drawn; of a longer prompt, half from its start and half from its end."""


Pressed = Callable[[Sequence[int]], None]


@dataclass(frozen=True)
class Strip:
    """What a strip shows. `typed` is how many special tokens the typed text itself holds; `parting`
    says where target and foil of different lengths are compared.
    """

    tokens: Sequence[str]
    special: Sequence[bool]
    target: Sequence[str]
    has_bos: bool
    target_is_set: bool = False
    typed: int = 0
    parting: Words = ()


def token_strip(strip: Strip) -> None:
    """Tokens in order, spaces visible, BOS and typed special tokens marked, the target last."""
    chips = prompt_chips(strip)
    if len(chips) > SHOWN:
        half = SHOWN // 2
        hidden = fill('<span class="hs-quiet">… {:,} more …</span>', len(chips) - SHOWN)
        chips = [*chips[:half], hidden, *chips[-half:]]
    # The last token stays with the arrow and the target, so that it never wraps alone.
    tail = fill('<span class="hs-tail">{}{}</span>', chips[-1], answer_chips(strip))
    show_html(
        fill(
            '<div class="hs-strip" role="list" aria-label="tokens">{}{}</div>{}',
            joined_html(chips[:-1]),
            tail,
            _count(strip),
        )
    )


def prompt_chips(strip: Strip) -> list[Markup]:
    """The prompt's tokens one by one, BOS and typed special tokens marked."""
    return [
        _chip(text, _kind(i, flag, strip.has_bos))
        for i, (text, flag) in enumerate(zip(strip.tokens, strip.special, strict=True))
    ]


def clickable_strip(strip: Strip, chosen: Sequence[int], pressed: Pressed) -> None:
    """The same tokens as buttons that stay pressed; `chosen_tokens` holds their positions.

    `pressed` is called with the positions that are shown, so that those of a long prompt that are
    not can stay chosen.
    """
    shown = shown_positions(len(strip.tokens))
    wanted = [position for position in shown if position in set(chosen)]
    if sorted(value("chosen_tokens") or []) != wanted:
        put("chosen_tokens", wanted)
    st.pills(
        "Click the tokens at which heads are ablated",
        shown,
        selection_mode="multi",
        key="chosen_tokens",
        format_func=lambda position: token_choice(position, strip.tokens[position]),
        on_change=pressed,
        args=(shown,),
    )
    show_html(fill('<div class="hs-strip">{}{}</div>', answer_chips(strip), _count(strip)))


def shown_positions(n_tokens: int) -> list[int]:
    """The positions of a prompt that are drawn."""
    if n_tokens <= SHOWN:
        return list(range(n_tokens))
    half = SHOWN // 2
    return [*range(half), *range(n_tokens - half, n_tokens)]


def token_choice(position: int, text: str) -> str:
    """A token's label on a button: its position, small, and its text as it is."""
    # Isolated, so that text from right to left does not carry the number along.
    return f":small[:gray[{position}]] \u2068{as_markdown(visible_text(text))}\u2069"


def _kind(position: int, special: bool, has_bos: bool) -> str:
    if position == 0 and has_bos:
        return "bos"
    return "typed" if special else ""


def _chip(text: str, kind: str) -> Markup:
    return fill('<span class="hs-tok {}" role="listitem">{}</span>', kind, token_html(text))


def answer_chips(strip: Strip) -> Markup:
    """An arrow and the target's tokens; nothing where there is no target."""
    if not strip.target:
        return fill("")
    between = fill('<span class="hs-quiet">or</span>') if strip.target_is_set else fill("")
    chips = joined_html((_chip(text, "target") for text in strip.target), between)
    return fill('<span class="hs-quiet">→</span>{}', chips)


def _count(strip: Strip) -> Markup:
    said = token_count_words(
        len(strip.tokens),
        has_bos=strip.has_bos,
        n_target=len(strip.target),
        target_is_set=strip.target_is_set,
        n_typed_special=strip.typed,
        parting=strip.parting,
    )
    return fill('<div class="hs-quiet hs-count">{}</div>', words_html(said))

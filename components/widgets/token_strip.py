"""The prompt and its answer as the model's tokens, beneath the prompt."""

from collections.abc import Sequence

import streamlit as st

from components.plain import token_html

SHOWN = 240
"""Tokens drawn; of a longer prompt, half from its start and half from its end."""


def token_strip(
    tokens: Sequence[str],
    special: Sequence[bool],
    target: Sequence[str],
    *,
    has_bos: bool,
    typed: int = 0,
) -> None:
    """Tokens in order, spaces visible, BOS and typed special tokens marked, the target last.

    `typed` is how many special tokens the typed text itself holds.
    """
    chips = [
        _chip(text, _kind(i, flag, has_bos))
        for i, (text, flag) in enumerate(zip(tokens, special, strict=True))
    ]
    if len(chips) > SHOWN:
        half = SHOWN // 2
        hidden = f'<span class="hs-quiet">… {len(chips) - SHOWN:,} more …</span>'
        chips = [*chips[:half], hidden, *chips[-half:]]
    answer = "".join(_chip(text, "target") for text in target)
    # The last token stays with the arrow and the target, so that it never wraps alone.
    tail = f'<span class="hs-tail">{chips[-1]}<span class="hs-quiet">→</span>{answer}</span>'
    body = "".join(chips[:-1]) + tail
    count = _count(len(tokens), len(target), has_bos, typed)
    st.html(f'<div class="hs-strip" role="list" aria-label="tokens">{body}</div>{count}')


def _kind(position: int, special: bool, has_bos: bool) -> str:
    if position == 0 and has_bos:
        return "bos"
    return "typed" if special else ""


def _chip(text: str, kind: str) -> str:
    return f'<span class="hs-tok {kind}" role="listitem">{token_html(text)}</span>'


def _count(n_tokens: int, n_target: int, has_bos: bool, typed: int) -> str:
    parts = [f"{n_tokens:,} tokens" + (", BOS included" if has_bos else ", no BOS")]
    if n_target > 1:
        parts.append(
            f"the target is {n_target} tokens: its probability is the product over all of them"
        )
    flag = (
        f' · <span class="hs-flag">{typed} special token{"s" if typed > 1 else ""} in the '
        "prompt: read by the model as a marker, not as text</span>"
        if typed
        else ""
    )
    return f'<div class="hs-quiet" style="margin-top:.25rem">{" · ".join(parts)}{flag}</div>'

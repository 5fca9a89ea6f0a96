"""What the process remembers of a model's own predictions, for every tab."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import streamlit as st

from core.errors import InputError
from core.prompts.tokens import TokenizedPrompt, encode, tokenize_prompt
from core.results.result import Baseline, Top
from core.spec.spec import SweepSpec

if TYPE_CHECKING:
    from core.sweep.prepare import Prepared


LONGEST_REMEMBERED = 5_000
"""Characters of a prompt: the tokens of a longer one take a megabyte, and few models read it."""


def prompt_tokens(
    tokenizer: Any, fingerprint: str, name: str, prompt: str, *, bos: bool
) -> TokenizedPrompt:
    """A prompt's tokens as a model reads them; raises `InputError`."""
    if len(prompt) > LONGEST_REMEMBERED:
        return tokenize_prompt(tokenizer, prompt, prepend_bos=bos)
    return _short_prompt_tokens(tokenizer, fingerprint, name, prompt, bos=bos)


@st.cache_data(max_entries=256, show_spinner=False)
def _short_prompt_tokens(
    _tokenizer: Any, fingerprint: str, name: str, prompt: str, *, bos: bool
) -> TokenizedPrompt:
    return tokenize_prompt(_tokenizer, prompt, prepend_bos=bos)


@st.cache_data(max_entries=512, show_spinner=False)
def next_tokens(_model: Any, fingerprint: str, name: str, prompt: TokenizedPrompt) -> Top:
    """The model's own most probable next tokens; raises `InputError`."""
    from core.sweep.sweep import predict

    return predict(_model, prompt)


@st.cache_data(max_entries=512, show_spinner=False)
def likely_at(
    _model: Any, fingerprint: str, name: str, prompt: TokenizedPrompt, position: int
) -> Top:
    """What the model finds likely at a position of a prompt (BOS is 0); nothing at the first."""
    from core.sweep.sweep import predict

    if not 0 < position < len(prompt):
        return ()
    before = {field: getattr(prompt, field)[:position] for field in ("ids", "texts", "special")}
    return predict(_model, replace(prompt, **before))


@st.cache_data(max_entries=256, show_spinner=False)
def clean_baseline(
    _model: Any, fingerprint: str, spec: SweepSpec, _prepared: "Prepared | None" = None
) -> Baseline:
    """The answer with nothing ablated; raises `InputError`.

    `_prepared` is the spec made ready for the model, where that has been done already.
    """
    from core.sweep.scorer import Scorer, baseline_of

    return baseline_of(_model, Scorer(_model, spec, prepared=_prepared).baseline)


def is_one_token(model: Any, text: str) -> bool:
    """Whether a token's text, typed, is that one token again: some bytes and prefixes are not."""
    try:
        return len(encode(model.tokenizer, text, "target")) == 1 and bool(text.strip(" "))
    except InputError:
        return False

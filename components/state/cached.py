"""What the process remembers of a model's own predictions, for every tab."""

from dataclasses import replace
from typing import Any

import streamlit as st

from core.errors import InputError
from core.results.result import Top
from core.spec.spec import SweepSpec


@st.cache_data(max_entries=512, show_spinner=False)
def next_tokens(_model: Any, fingerprint: str, name: str, prompt: str, *, bos: bool) -> Top:
    """The model's own most probable next tokens; raises `InputError`."""
    from core.prompts.tokens import tokenize_prompt
    from core.sweep.sweep import predict

    tokens = tokenize_prompt(_model.tokenizer, prompt, prepend_bos=bos)
    return predict(_model, tokens)


@st.cache_data(max_entries=512, show_spinner=False)
def likely_at(
    _model: Any, fingerprint: str, name: str, prompt: str, position: int, *, bos: bool
) -> Top:
    """What the model finds likely at a position of a prompt (BOS is 0); nothing at the first."""
    from core.prompts.tokens import tokenize_prompt
    from core.sweep.sweep import predict

    read = tokenize_prompt(_model.tokenizer, prompt, prepend_bos=bos)
    if not 0 < position < len(read):
        return ()
    before = {field: getattr(read, field)[:position] for field in ("ids", "texts", "special")}
    return predict(_model, replace(read, **before))


@st.cache_data(max_entries=256, show_spinner=False)
def clean_prob(_model: Any, fingerprint: str, spec: SweepSpec) -> float:
    """The target's probability with nothing ablated; raises `InputError`."""
    from core.sweep.scorer import Scorer, baseline_of

    return baseline_of(_model, Scorer(_model, spec).baseline).prob


def is_one_token(model: Any, text: str) -> bool:
    """Whether a token's text, typed, is that one token again: some bytes and prefixes are not."""
    from core.prompts.tokens import encode

    try:
        return len(encode(model.tokenizer, text, "target")) == 1 and bool(text.strip(" "))
    except InputError:
        return False

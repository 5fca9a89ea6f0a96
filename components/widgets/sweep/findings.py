"""The findings of a sweep in plain English."""

import streamlit as st

from components.widgets.page.messages import note
from components.words.escaping import answer_html, as_html
from core.results.findings import NOTABLE, Findings
from core.results.result import HeadEffect, SweepResult
from core.text.numbers import percent, signed


def findings_panel(result: SweepResult, found: Findings) -> None:
    """What lowered the answer, what raised it, where those heads sit, and what to be wary of."""
    is_set = isinstance(result.spec.target, tuple)
    target = answer_html(result.target_tokens, is_set=is_set)
    total = result.shape[0] * result.shape[1]
    if not result.heads:
        with st.container(key="findings"):
            note("No head has been measured yet: the heatmap shows estimates.")
        return
    paragraphs = [
        "" if result.complete else f"<b>So far</b>: {found.n_heads} of {total} heads are in.",
        _direction("lowered", found.lowered, target, result),
        _direction("raised", found.raised, target, result),
        _spread(found) if result.complete else "",
        _count(found),
    ]
    body = "".join(f"<p>{p}</p>" for p in paragraphs if p)
    caveats = "".join(f"<li>{as_html(c)}</li>" for c in found.caveats)
    with st.container(key="findings"):
        st.html(f'<div class="hs-findings">{body}<h4>Read with care</h4><ul>{caveats}</ul></div>')


def _direction(verb: str, effects: tuple[HeadEffect, ...], target: str, result: SweepResult) -> str:
    if not effects:
        return (
            f"No single head’s ablation {verb} P({target}) by {100 * NOTABLE:.0f} pp or more from "
            f"its {percent(result.baseline.prob)}."
        )
    named = ", ".join(
        f"<b>{e.address.label}</b> ({signed(100 * e.prob_change)} pp, to {percent(e.prob)})"
        for e in effects
    )
    return f"<b>On this prompt</b>, ablating these heads {verb} P({target}) most: {named}."


def _spread(found: Findings) -> str:
    total = sum(count for _, count in found.spread)
    if total == 0 or len(found.spread) < 2:
        return ""
    parts = ", ".join(f"{count} in {_layers(first, last)}" for (first, last), count in found.spread)
    which = f"the {total} largest drops" if total > 1 else "the one notable drop"
    return f"Of {which}: {parts}."


def _layers(first: int, last: int) -> str:
    return f"layer {first}" if first == last else f"layers {first}–{last}"


def _count(found: Findings) -> str:
    return (
        f"{found.n_notable} of {found.n_heads} heads, ablated alone, moved it by "
        f"{100 * NOTABLE:.0f} pp or more in either direction."
    )

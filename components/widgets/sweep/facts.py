"""The baseline card: what the model says with nothing ablated, and the sweep in four facts."""

import streamlit as st

from components.words.escaping import answer_html, token_html
from core.results.findings import NOTABLE
from core.results.result import HeadEffect, SweepResult
from core.text.numbers import percent, signed

BARS = 5


def baseline_facts(result: SweepResult) -> None:
    """Probability, rank and top predictions; the largest drop and rise; how it was computed."""
    facts = [_answer(result), _predictions(result), *_extremes(result), _swept(result)]
    with st.container(key="baseline"):
        st.html(f'<div class="hs-facts">{"".join(facts)}</div>')


def _fact(title: str, big: str, sub: str) -> str:
    return (
        f'<div class="hs-fact"><h3>{title}</h3><div class="big">{big}</div>'
        f'<div class="sub">{sub}</div></div>'
    )


def _answer(result: SweepResult) -> str:
    base = result.baseline
    spec = result.spec
    target = answer_html(result.target_tokens, is_set=isinstance(spec.target, tuple))
    sub = f"rank {base.rank:,}"
    if base.logit_diff is not None:
        foil = answer_html(result.foil_tokens, is_set=isinstance(spec.foil, tuple))
        sub += f" · logit diff {signed(base.logit_diff, 2)} against {foil}"
    if len(base.token_probs) > 1:
        each = " · ".join(
            f'<span class="hs-code">{token_html(text)}</span> {percent(prob)}'
            for text, prob in zip(result.target_tokens, base.token_probs, strict=True)
        )
        sub = f"token by token: {each} · first token's rank {base.rank:,}"
    return _fact(f"P({target}), nothing ablated", percent(base.prob), sub)


def _predictions(result: SweepResult) -> str:
    """The likeliest next tokens as a small bar chart, the target's in the accent colour."""
    first = result.target_tokens[0]
    rows = "".join(
        f'<span class="t">{token_html(text)}</span>'
        f'<span class="b"><i class="{"on" if text == first else ""}" '
        f'style="width:{100 * prob:.1f}%"></i></span><span class="n">{percent(prob)}</span>'
        for text, prob in result.baseline.top[:BARS]
    )
    return (
        '<div class="hs-fact"><h3>Likeliest next tokens, nothing ablated</h3>'
        f'<div class="hs-bars" role="img" aria-label="top predictions">{rows}</div></div>'
    )


def _extremes(result: SweepResult) -> list[str]:
    if not result.heads:
        return []
    low = min(result.heads, key=lambda e: e.prob_change)
    high = max(result.heads, key=lambda e: e.prob_change)
    when = "" if result.complete else ", so far"
    return [
        _extreme(f"Ablating it lowered the answer most{when}", low, low.prob_change <= -NOTABLE),
        _extreme(f"Ablating it raised the answer most{when}", high, high.prob_change >= NOTABLE),
    ]


def _extreme(title: str, effect: HeadEffect, notable: bool) -> str:
    if not notable:
        most = f"{effect.address.label} {signed(100 * effect.prob_change)} pp"
        return _fact(title, "–", f"none by {100 * NOTABLE:.0f} pp or more; {most}")
    change = f"{signed(100 * effect.prob_change)} pp → {percent(effect.prob)}"
    return _fact(title, effect.address.label, change)


def _swept(result: SweepResult) -> str:
    total = result.shape[0] * result.shape[1]
    count = f"{total} heads" if result.complete else f"{len(result.heads)} of {total} heads"
    made = result.provenance
    sub = f"{made.seconds:.2f} s · {made.device} · {made.dtype} · {result.spec.weights} weights"
    return _fact("Swept", count, sub)

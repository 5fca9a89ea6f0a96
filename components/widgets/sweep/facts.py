"""The baseline card: what the model says with nothing ablated, and the sweep in four facts."""

import streamlit as st

from components.words.escaping import as_html
from components.words.page_html import words_html
from core.results.facts import Fact, Likely, facts
from core.results.metrics import Metric
from core.results.result import SweepResult
from core.text.numbers import percent


def baseline_facts(result: SweepResult, metric: Metric) -> None:
    """Probability, rank and top predictions; the largest drop and rise in a metric; the run."""
    cards = "".join(map(_card, facts(result, metric)))
    with st.container(key="baseline"):
        st.html(f'<div class="hs-facts">{cards}</div>')


def _card(fact: Fact) -> str:
    beneath = _bars(fact.likeliest) if fact.likeliest else _value(fact)
    return f'<div class="hs-fact"><h3>{words_html(fact.title)}</h3>{beneath}</div>'


def _value(fact: Fact) -> str:
    return (
        f'<div class="big">{as_html(fact.value)}</div>'
        f'<div class="sub">{words_html(fact.detail)}</div>'
    )


def _bars(likeliest: tuple[Likely, ...]) -> str:
    """A bar a token, the target's in the accent colour."""
    rows = "".join(
        f'<span class="t">{as_html(each.text)}</span>'
        f'<span class="b"><i class="{"on" if each.is_target else ""}" '
        f'style="--share:{100 * each.prob:.1f}%"></i></span>'
        f'<span class="n">{percent(each.prob)}</span>'
        for each in likeliest
    )
    return f'<div class="hs-bars" role="img" aria-label="top predictions">{rows}</div>'

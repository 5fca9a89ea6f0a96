"""The baseline card: what the model says with nothing ablated."""

import streamlit as st
from markupsafe import Markup

from components.widgets.page.html import show_html
from components.words.markup import fill, joined_html, words_html
from core.results.facts import Fact, Likely, baseline_of
from core.results.result import SweepResult
from core.text.numbers import percent


def baseline_facts(result: SweepResult) -> None:
    """Probability, rank and the likeliest next tokens with nothing ablated."""
    cards = joined_html(map(_card, baseline_of(result)))
    with st.container(key="baseline"):
        show_html(fill('<div class="hs-facts">{}</div>', cards))


def _card(fact: Fact) -> Markup:
    beneath = _bars(fact.likeliest) if fact.likeliest else _value(fact)
    return fill('<div class="hs-fact"><h3>{}</h3>{}</div>', words_html(fact.title), beneath)


def _value(fact: Fact) -> Markup:
    return fill(
        '<div class="big">{}</div><div class="sub">{}</div>', fact.value, words_html(fact.detail)
    )


def _bars(likeliest: tuple[Likely, ...]) -> Markup:
    """A bar a token, the target's in the accent colour."""
    rows = joined_html(
        fill(
            '<span class="t">{}</span><span class="b"><i class="{}" style="--share:{:.1f}%"></i>'
            '</span><span class="n">{}</span>',
            each.text,
            "on" if each.is_target else "",
            100 * each.prob,
            percent(each.prob),
        )
        for each in likeliest
    )
    return fill('<div class="hs-bars" role="img" aria-label="top predictions">{}</div>', rows)

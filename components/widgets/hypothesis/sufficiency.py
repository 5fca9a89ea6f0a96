"""Are the heads enough? Keep only them; or search for a small set, and try it elsewhere."""

from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from components.figures.base.look import Look
from components.figures.search_curve import search_curve
from components.state import Session, Test, live_for, value
from components.widgets.head.context import chart, subtitle
from components.widgets.page.html import show_html
from components.widgets.page.messages import error_message, note
from components.widgets.page.number_table import number_table, without_sign
from components.widgets.page.task_result import task_result
from components.words.markup import fill
from core.errors import InputError
from core.hypotheses.held_out_words import held_out_words
from core.hypotheses.joint_words import metric_name, went_words
from core.hypotheses.parse_heads import heads_text
from core.hypotheses.search_words import NOT_FOUND, search_words
from core.hypotheses.tasks import MeasureKeepOnly, MeasureVariants, SearchGreedy
from core.prompts.token_words import typed_answer_words
from core.spec.members import mlps_of
from core.spec.spec import SweepSpec
from core.text.numbers import percent, share
from core.text.words import phrase, plain

if TYPE_CHECKING:
    from core.hypotheses.held_out import HeldOut
    from core.hypotheses.keep_only import KeptOnly
    from core.hypotheses.search_state import Search


_PERCENTAGES = ("kept, %", "P clean, %", "P kept, %")


def sufficiency(test: Test, state: Session, look: Look) -> None:
    """Keep only the chosen heads, and the search for a small set, each begun by its button."""
    from core.hypotheses.keep_only import keep_only_spec

    spec = keep_only_spec(test.spec)
    with st.container(border=True, key="sufficiency"):
        show_html(fill('<p class="hs-title">Are they enough? Ablate all the others.</p>'))
        if spec.ablation is not test.spec.ablation:
            note(
                f"Measured under {spec.ablation.label} ablation: {test.spec.ablation.label} leaves "
                "a share of every head in, and cannot say what a set does alone."
            )
        with st.container(horizontal=True, vertical_alignment="bottom"):
            st.button(
                f"Keep only {heads_text(test.prediction.heads[:4])}"
                f"{' …' if len(test.prediction.heads) > 4 else ''}",
                key="keep_only",
                on_click=state.hypothesis.want,
                args=("keep",),
                disabled="keep" in state.hypothesis.wanted,
            )
            share_kept = st.number_input(
                "Share to keep, % of the clean run",
                min_value=1.0,
                max_value=100.0,
                value=100.0,
                key="enough",
                format="%.4g",
                width=250,
                persist_state="session",
                help="The least of the metric and of P(target) that a set must keep, at rank 1.",
            )
            st.button(
                "Find a small set that keeps the answer",
                key="find_smallest",
                on_click=state.hypothesis.want,
                args=("search",),
                disabled="search" in state.hypothesis.wanted,
            )
        if "keep" in state.hypothesis.wanted:
            kept = task_result(state, "keep", MeasureKeepOnly(spec, test.prediction.heads))
            if kept is not None:
                _kept(kept)
        if "search" in state.hypothesis.wanted:
            if mlps_of(test.prediction.heads):
                note("The search is for heads only: every MLP stays in place.")
            _search(spec, share_kept / 100, state, look)


def _kept(found: "KeptOnly") -> None:
    recovered = found.faithfulness
    part = (
        ""
        if recovered is None
        else f", which recovers nothing: it ends further from the clean run than with all "
        f"{found.ablated} ablated ({share(recovered)} of what that loses, in "
        f"{metric_name(found.metric)})"
        if round(recovered, 2) < 0
        else f", which recovers {share(recovered)} of what ablating all {found.ablated} loses, in "
        f"{metric_name(found.metric)}"
    )
    mlps = bool(mlps_of(found.heads))
    among = " of all heads and MLPs" if mlps else ""
    nothing = "every head and MLP" if mlps else "every head"
    with st.container(key="kept"):
        note(
            f"With only {heads_text(found.heads)} kept{among}: "
            f"{went_words(found.baseline.prob, found.effect.prob)}{part}. With {nothing} ablated: "
            f"{percent(found.empty.prob)}."
        )


def _search(spec: SweepSpec, enough: float, state: Session, look: Look) -> None:
    task = SearchGreedy(spec, enough=enough)
    found: Search | None = task_result(state, "search", task)
    if found is None or not found.forward.steps:
        return
    if found.nothing_to_keep:
        with st.container(key="found_set"):
            for said in search_words(found):
                note(said)
        return
    curve, words = st.columns([1.3, 1], gap="large")
    with curve:
        subtitle(phrase("Kept probability against the set’s size, searched from both ends"))
        chart(search_curve(found, look), "search_curve", "Kept probability against set size")
    with words, st.container(key="found_set"):
        for said in search_words(found):
            note(said)
    if found.found:
        _elsewhere(spec, found, state)
    elif found.finished:
        note(NOT_FOUND)


def _elsewhere(spec: SweepSpec, found: "Search", state: Session) -> None:
    subtitle(phrase("The same set on variants of the prompt that the search did not see"))
    own, wrong = _own(spec)
    on_variants: str | tuple[HeldOut, ...] | None = task_result(
        state, "variants", MeasureVariants(spec, tuple(sorted(found.heads)), own=own)
    )
    if isinstance(on_variants, str):
        note(on_variants)
    elif on_variants:
        with st.container(key="variants"):
            st.dataframe(
                number_table(_variants(on_variants), dict.fromkeys(_PERCENTAGES, without_sign(1))),
                hide_index=True,
                height="content",
                column_config={
                    name: st.column_config.NumberColumn(width="small") for name in _PERCENTAGES
                }
                | {"target": st.column_config.TextColumn(width="small")},
            )
            note(held_out_words(on_variants, found.enough))
    _own_box(spec, wrong)


def _variants(found: "tuple[HeldOut, ...]") -> pd.DataFrame:
    """The numbers first: a narrow page shows the first columns."""
    shares = (each.kept.prob_share for each in found)
    return pd.DataFrame(
        {
            "kept, %": [None if share is None else 100 * share for share in shares],
            "P clean, %": [100 * each.kept.baseline.prob for each in found],
            "P kept, %": [100 * each.kept.effect.prob for each in found],
            "target": [_answer(each.spec) for each in found],
            "prompt": [each.spec.prompt for each in found],
        }
    )


def _own(spec: SweepSpec) -> tuple[tuple[SweepSpec, ...], str]:
    """The variants typed, or what is wrong with them: then none is measured."""
    from core.hypotheses.variants import own_variants, parse_variants

    typed = value("own_variants") or ""
    if spec.corrupted_prompt is not None:
        return (), ""
    model = live_for(spec)
    try:
        if model is None:
            return parse_variants(typed, spec), ""
        return own_variants(model, typed, spec), ""
    except InputError as error:
        return (), str(error)


def _own_box(spec: SweepSpec, wrong: str) -> None:
    from core.hypotheses.variants import ONLY_MADE

    with st.container(key="own"):
        if spec.corrupted_prompt is not None:
            note(ONLY_MADE)
            return
        st.text_area(
            "Variants of your own, one a line: prompt => target",
            key="own_variants",
            height=100,
            persist_state="session",
            placeholder="A cat sat. A cat => ␣sat",
            help="The target is what follows the last =>, its leading space typed or written ␣.",
        )
        if wrong:
            error_message(wrong)


def _answer(spec: SweepSpec) -> str:
    return plain(typed_answer_words(spec.target))

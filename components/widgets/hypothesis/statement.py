"""State a hypothesis: which heads, whether their loss breaks the answer, and by how much."""

import secrets
from typing import Any

import streamlit as st

from components.figures.base.look import Look
from components.figures.pick_grid import pick_grid
from components.state import Session, clean_baseline, named_heads, put, put_head, value
from components.state.hypothesis_page import OUTCOMES
from components.widgets.composer.draft import Draft
from components.widgets.page.chart_config import CHART_CONFIG
from components.widgets.page.clicks import clicked_head
from components.widgets.page.html import show_html
from components.widgets.page.messages import error_message, note
from components.widgets.page.task_result import task_result
from components.words.markup import fill
from core.checkpoints.registry import key_of
from core.circuits.head_scores import HeadScores
from core.circuits.tasks import MeasureHeadScores
from core.errors import InputError
from core.hypotheses.parse_heads import heads_text, parse_members
from core.hypotheses.prediction import lock_prediction
from core.results.locked_prediction import KnownOf, LockedPrediction
from core.results.prediction import Looked, Prediction
from core.results.result import Baseline
from core.settings import settings
from core.spec.members import Member
from core.text.numbers import percent

_SEEN = {
    Looked.NO: "",
    Looked.FRONT_PAGE: "The front page’s numbers on this prompt have been on screen in this {}, "
    "and nothing closer: the verdict will say “with the front page’s numbers on screen”.",
    Looked.YES: "Effects on this prompt have been on screen in this {}: the verdict will say "
    "“after looking”.",
}


def statement(draft: Draft, state: Session, look: Look) -> None:
    """Heads and a prediction, then the button that locks both; no effect is shown here."""
    model = draft.model
    with st.container(border=True, key="statement"):
        show_html(fill('<p class="hs-title">Which heads does it need? Say so before you look.</p>'))
        if model is None or draft.spec is None:
            note(
                "The inputs above need a correction first."
                if draft.spec is None
                else "This goes on as soon as the model is loaded."
            )
            return
        try:
            clean = clean_baseline(model, model.fingerprint, draft.spec, draft.prepared)
        except InputError as error:
            error_message(str(error))
            return
        grid, words = st.columns([1, 1.2], gap="large")
        with grid:
            _grid(model, state, look)
        with words:
            heads = _heads(model, draft, state)
            _prediction(heads, draft, state, clean)


def _grid(model: Any, state: Session, look: Look) -> None:
    name = f"pick-{state.selection.clicks}"
    with st.container(key="pick"):
        st.plotly_chart(
            pick_grid((model.n_layers, model.n_heads), named_heads(), look),
            key=name,
            theme=None,
            config=CHART_CONFIG,
            on_select=lambda: _picked(name),
            selection_mode="points",
            alt="A blank grid of heads, layers by heads; a click puts a head into the hypothesis",
        )
    note(
        "Click heads here, type them, or take all that look like one role. The grid shows "
        "no effects. MLP1, typed, is the MLP of layer 1, and L1 all of its heads."
    )


def _picked(name: str) -> None:
    from components.state import session

    if (head := clicked_head(name)) is not None:
        put_head(head)
        session().selection.renew_keys()


def _heads(model: Any, draft: Draft, state: Session) -> tuple[Member, ...]:
    """The heads and MLPs named; () where they cannot be read or ablated, which is said."""
    from core.hypotheses.joint_effects import check_mlps

    assert draft.spec is not None
    st.text_input("Heads to ablate", key="heads", placeholder="L0H0, L1H2", persist_state="session")
    found: tuple[Member, ...] = ()
    if (value("heads") or "").strip():
        try:
            named = parse_members(value("heads"), (model.n_layers, model.n_heads))
            check_mlps(model, draft.spec.ablation, named)
            found = named
        except InputError as error:
            error_message(str(error))
    _by_role(draft, state)
    return found


def _by_role(draft: Draft, state: Session) -> None:
    assert draft.spec is not None
    roles = task_result(state, "roles", MeasureHeadScores(key_of(draft.spec)))
    if not isinstance(roles, HeadScores):
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="by_role"):
        said = fill('<span class="hs-quiet">All heads that look like:</span>')
        show_html(said, width="content")
        for role in roles.roles:
            named = roles.heads_in_role(role)
            st.button(
                f"{role} ({len(named)})",
                key=f"role-{role.replace(' ', '-')}",
                on_click=put,
                args=("heads", heads_text(sorted(named))),
                disabled=not named,
                type="tertiary",
                help="Scores 0.4 or more on repeated random tokens; a convention",
            )


def _prediction(heads: tuple[Member, ...], draft: Draft, state: Session, clean: Baseline) -> None:
    assert draft.spec is not None
    meant = (
        "Broken means that it leaves rank 1 or that its probability halves."
        if clean.rank == 1
        else f"It is at rank {clean.rank:,}: there is no answer to break, and the verdict will "
        "speak of the change only."
    )
    has = f"Nothing ablated, the target has {percent(clean.prob)}."
    show_html(fill('<div class="hs-quiet">{} {}</div>', has, meant))
    with st.container(horizontal=True, vertical_alignment="bottom", key="prediction"):
        outcome = st.segmented_control(
            "Ablating them all at once", OUTCOMES, key="outcome", persist_state="session"
        )
        predicted = st.number_input(
            "and P(target) becomes, %",
            min_value=0.0,
            max_value=100.0,
            value=None,
            key="predicted",
            placeholder="0 to 100",
            format="%.4g",
            width=220,
            persist_state="session",
        )
    seen = state.seen_questions
    if said := _SEEN[seen.looked(draft.spec)]:
        note(said.format(seen.known_of))
    if settings().read_only:
        note("This Headsweep is read-only: what you lock stays in this tab, and can be exported.")
    missing = [
        said
        for said, absent in (
            ("heads", not heads),
            ("whether it breaks", outcome is None),
            ("the probability you expect", predicted is None),
        )
        if absent
    ]
    if st.button("Lock the prediction and run", key="lock", type="primary", disabled=bool(missing)):
        assert predicted is not None
        looked = seen.looked(draft.spec, anew=True)
        made = lock_prediction(heads, outcome == OUTCOMES[0], predicted / 100, looked)
        state.hypothesis.begin(_locked(made, draft, seen.known_of))
        st.rerun()
    if missing:
        show_html(fill('<div class="hs-quiet">Still to say: {}.</div>', ", ".join(missing)))


def _locked(made: Prediction, draft: Draft, known_of: KnownOf) -> LockedPrediction:
    model, prepared = draft.model, draft.prepared
    assert model is not None
    assert prepared is not None
    shape = model.n_layers, model.n_heads
    lock = secrets.token_hex(16)
    return LockedPrediction(prepared.spec, shape, model.fingerprint, made, known_of, lock)

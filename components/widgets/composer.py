"""The composer: model, prompt, target, foil, ablation, Run; with everything live beneath it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from components.plain import as_markdown
from components.state import (
    Session,
    is_one_token,
    live_model,
    next_tokens,
    put,
    same_sweep,
    value,
)
from components.widgets.messages import error_message, note
from components.widgets.token_strip import token_strip
from core import catalogue, example
from core.ablation import AblationKind
from core.errors import InputError
from core.jobs import JobState
from core.registry import model_key
from core.results import SweepResult
from core.spec import MAX_PROMPT_CHARACTERS, SweepSpec
from core.tokens import visible
from core.wording import percent

GUESSES = 4


@dataclass
class Draft:
    """What the composer holds now. `spec` is None while a field is wrong."""

    spec: SweepSpec | None
    errors: dict[str, str]
    model: Any | None
    name: str


def composer(state: Session) -> tuple[Draft, bool]:
    """Draw the composer; returns the draft and whether Run was pressed."""
    draft = _read(state)
    with st.container(border=True, key="composer"):
        left, right = st.columns([3, 1], gap="medium")
        with left:
            st.text_area("Prompt", key="prompt", height=78, persist_state="session")
            _error(draft, "prompt")
            _strip(draft, state)
            _examples()
        with right:
            st.text_input("Target token", key="target", live="300ms", persist_state="session")
            _error(draft, "target")
            _offer_space(draft, "target")
            st.text_input(
                "Foil (optional)",
                key="foil",
                live="300ms",
                persist_state="session",
                placeholder="a rival token",
            )
            _error(draft, "foil")
            _offer_space(draft, "foil")
        pressed = _second_row(draft, state)
    return draft, pressed


def _second_row(draft: Draft, state: Session) -> bool:
    model, kind, run = st.columns([1.25, 2, 1], gap="medium", vertical_alignment="bottom")
    with model:
        st.selectbox(
            "Model",
            [entry.name for entry in catalogue.CATALOGUE],
            key="model",
            format_func=_model_label,
            accept_new_options=True,
            persist_state="session",
            placeholder="a name, hub name or folder",
            help="One of the list, or type any Hugging Face name or the path of a local folder.",
        )
    with kind:
        st.segmented_control(
            "Replace a head's output by",
            list(AblationKind),
            key="ablation",
            format_func=lambda kind: kind.label,
            required=True,
            persist_state="session",
        )
    with run:
        pressed = st.button(
            _run_label(draft),
            key="run",
            type="primary",
            width="stretch",
            disabled=draft.spec is None,
        )
    for name in draft.errors.keys() - {"prompt", "target", "foil"}:
        _error(draft, name)
    if "model" in draft.errors:
        _ways_on(draft, state)
    kind = value("ablation")
    note(f"{kind.does} {kind.caveat}")
    return pressed


def _ways_on(draft: Draft, state: Session) -> None:
    """After a model that did not load: once more, or back to the one in use."""
    with st.container(horizontal=True):
        if draft.name:
            st.button("Try again", key="retry_model", on_click=state.load, args=(draft.name,))
        if state.last_model != draft.name:
            st.button(
                f"Back to {as_markdown(state.last_model)}",
                key="previous_model",
                on_click=put,
                args=("model", state.last_model),
            )


def _read(state: Session) -> Draft:
    """The widgets' values as a spec, with what is wrong sorted by field."""
    errors: dict[str, str] = {}
    spec = None
    name = catalogue.canonical((value("model") or "").strip())
    try:
        spec = SweepSpec(
            model=name,
            prompt=value("prompt") or "",
            target=value("target") or "",
            foil=value("foil") or None,
            ablation=value("ablation"),
        )
    except InputError as error:
        errors[error.field] = str(error)
    model = live_model(name)
    if model is not None:
        state.last_model = name
        if spec is not None:
            spec = _fitting(model, spec, errors)
    elif (failure := _load_failure(state, name)) is not None:
        errors["model"] = failure
        spec = None
    if state.failed is not None and spec is not None and spec == state.failed_for:
        errors.setdefault(state.failed.field, str(state.failed))
    return Draft(spec, errors, model, name)


def _fitting(model: Any, spec: SweepSpec, errors: dict[str, str]) -> SweepSpec | None:
    """The spec if the loaded model can run it; else None, and why in `errors`."""
    from core.sweep import prepare

    try:
        prepare(model, spec)
    except InputError as error:
        errors[error.field] = str(error)
        return None
    return spec


def _load_failure(state: Session, name: str) -> str | None:
    """Why a model did not load. One that lies on this machine is loaded when it is chosen."""
    if not name:
        return None
    key = model_key(name)
    if state.load_tried != key:
        state.stop_loading()
        state.load_tried = key
        if _on_this_machine(name):
            state.load(name)
            assert state.loading is not None
            state.loading.wait(0.1)  # a folder that is no model says so at once
    job = state.loading
    if job is not None and job.state is JobState.DONE:
        state.load(name)  # it was loaded, and has had to make room for others since
    failed = job is not None and job.state is JobState.FAILED
    return str(job.error) if job is not None and failed else None


def _on_this_machine(name: str) -> bool:
    known = catalogue.entry(name)
    if known is not None and known.download_mb == 0:
        return True
    from core import hub

    return (
        catalogue.is_path(name)
        or hub.cached(known.source if known is not None else name) is not None
    )


def _error(draft: Draft, name: str) -> None:
    if name in draft.errors:
        error_message(draft.errors[name])


def _strip(draft: Draft, state: Session) -> None:
    """The live strip where the model's tokenizer is at hand; the saved example's otherwise."""
    if draft.model is not None:
        _live_strip(draft)
    elif draft.spec is not None and same_sweep(draft.spec, state.shown) and state.shown is not None:
        _saved_strip(state.shown)
    elif state.waiting_for is not None:
        note("The tokens appear here as soon as the model is loaded.")
    elif draft.name and "model" not in draft.errors:
        st.button(
            _load_label(draft.name),
            key="load",
            on_click=state.load,
            args=(draft.name,),
            help="The tokens and the model's own predictions appear once it is loaded.",
        )


def _saved_strip(result: SweepResult) -> None:
    token_strip(
        result.tokens, result.special, result.target_tokens, has_bos=bool(result.spec.prepend_bos)
    )
    _guesses(result.baseline.top)


def _live_strip(draft: Draft) -> None:
    from core.tokens import tokenize_answer, tokenize_prompt

    model, text = draft.model, value("prompt") or ""
    assert model is not None
    if draft.errors.get("prompt") and len(text) > MAX_PROMPT_CHARACTERS:
        return
    try:
        prompt = tokenize_prompt(model.tokenizer, text, prepend_bos=model.default_prepend_bos)
        target: Sequence[str] = ()
        if value("target"):
            target = tokenize_answer(model.tokenizer, value("target"), "target").texts
        token_strip(
            prompt.texts,
            prompt.special,
            target,
            has_bos=prompt.has_bos,
            typed=len(prompt.typed_special),
        )
        if "prompt" not in draft.errors:
            top = next_tokens(model, model.fingerprint, model.name, text)
            _guesses([pair for pair in top if is_one_token(model, pair[0])])
    except InputError as error:
        if error.field not in draft.errors:  # else the field concerned says so
            error_message(str(error))


def _guesses(top: Sequence[tuple[str, float]]) -> None:
    """The model's own next tokens, each a click away from being the target."""
    with st.container(horizontal=True, key="guesses", gap="small", vertical_alignment="center"):
        st.html('<span class="hs-quiet">The model\'s own next tokens:</span>', width="content")
        for index, (text, prob) in enumerate(top[:GUESSES]):
            st.button(
                f"{as_markdown(visible(text))} {as_markdown(percent(prob, 0))}",
                key=f"guess-{index}",
                type="tertiary",
                on_click=put,
                args=("target", text),
                help="Use it as the target",
            )


def _examples() -> None:
    """Prompts to begin with, each a click away."""
    with st.container(horizontal=True, key="examples", gap="small", vertical_alignment="center"):
        st.html('<span class="hs-quiet">Or try:</span>', width="content")
        for index, (title, spec) in enumerate(example.TRY):
            st.button(title, key=f"example-{index}", type="tertiary", on_click=_take, args=(spec,))


def _take(spec: SweepSpec) -> None:
    for key, text in (("prompt", spec.prompt), ("target", spec.target), ("foil", spec.foil or "")):
        put(key, text)


def _offer_space(draft: Draft, name: str) -> None:
    """A word typed without its leading space is another token: offer the usual one."""
    typed = value(name)
    if draft.model is None or not typed or name in draft.errors:
        return
    from core.tokens import with_leading_space

    spaced = with_leading_space(draft.model.tokenizer, typed)
    if spaced is not None:
        st.button(
            f"Use {as_markdown(visible(spaced))}, with its leading space",
            key=f"space-{name}",
            on_click=put,
            args=(name, spaced),
            width="stretch",
        )


def _model_label(name: str) -> str:
    known = catalogue.entry(name)
    if known is None:
        return name
    return f"{known.name} · {known.n_layers} × {known.n_heads}"


def _run_label(draft: Draft) -> str:
    if draft.model is not None:
        return f"Sweep {draft.model.n_all_heads} heads"
    if megabytes := _to_download(draft.name):
        return f"Download {megabytes:,} MB and sweep"
    known = catalogue.entry(draft.name)
    return "Sweep" if known is None else f"Sweep {known.n_all_heads} heads"


def _load_label(name: str) -> str:
    if megabytes := _to_download(name):
        return f"Download and load {as_markdown(name)} ({megabytes:,} MB)"
    return f"Load {as_markdown(name)}"


def _to_download(name: str) -> int:
    """Megabytes that choosing a model of the catalogue would download; 0 if none or unknown."""
    known = catalogue.entry(name)
    return 0 if known is None or _on_this_machine(name) else known.download_mb

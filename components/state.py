"""What a browser session remembers, and what the process caches: all of it in one module."""

from dataclasses import dataclass
from typing import Any

import streamlit as st

from components.figures.look import Look
from components.figures.metric import METRICS, PROB, Metric
from core import example
from core.errors import InputError
from core.heads import Head
from core.jobs import JOBS, Job, JobState
from core.registry import MODELS, ModelKey, model_key
from core.results import SweepResult, Top
from core.spec import SweepSpec

WIDGET_DEFAULTS: dict[str, Any] = {
    "model": example.SPEC.model,
    "prompt": example.SPEC.prompt,
    "target": example.SPEC.target,
    "foil": "",
    "ablation": example.SPEC.ablation,
    "metric": PROB.short,
}


@dataclass
class Session:
    """One tab's state beside its widgets.

    `shown` is the result on screen and `job` the sweep that is under way for it. `clicks` makes
    the keys of charts and tables new after each selection, so that a stale one cannot come back.
    """

    shown: SweepResult | None = None
    saved_example: bool = False
    job: Job | None = None
    failed: InputError | None = None
    failed_for: SweepSpec | None = None
    loading: Job | None = None
    load_tried: ModelKey | None = None
    last_model: str = example.SPEC.model
    head: Head | None = None
    clicks: int = 0

    def toggle_head(self, head: Head) -> None:
        """Select a head; the one already selected is let go."""
        self.choose_head(None if head == self.head else head)

    def choose_head(self, head: Head | None) -> None:
        """Select a head, or none."""
        self.head = head
        self.clicks += 1

    def show(self, result: SweepResult, *, saved: bool = False) -> None:
        """Put a result on screen; the selected head stays where the model's shape allows it."""
        if self.head is not None and not (
            self.head.layer < result.shape[0] and self.head.head < result.shape[1]
        ):
            self.choose_head(None)
        self.shown, self.saved_example = result, saved

    def start(self, spec: SweepSpec) -> None:
        """Ask for a sweep; this tab's unfinished one is given up, unless it is the same."""
        if self.job is not None and self.job.spec == spec and not self.job.state.final:
            return
        self.stop()
        self.failed = self.failed_for = None
        self.job = JOBS.submit(spec)

    def stop(self) -> None:
        """Give up the sweep under way; what it has finished stays on screen."""
        self.collect()
        if self.job is not None:
            JOBS.release(self.job)
            self.job = None

    def collect(self) -> None:
        """Take over what the sweep under way has found since the last look."""
        job = self.job
        if job is None:
            return
        final, partial = job.state.final, job.partial
        if partial is not None and partial.heads and partial is not self.shown:
            self.show(partial)
        if final:
            if job.state is JobState.FAILED:
                self.failed, self.failed_for = job.error, job.spec
            self.job = None

    def load(self, name: str) -> None:
        """Start loading a model, or join the load under way."""
        self.stop_loading()
        self.load_tried = model_key(name)
        self.loading = JOBS.load(self.load_tried)

    def stop_loading(self) -> None:
        """Give up the load under way."""
        if self.loading is not None:
            JOBS.release(self.loading)
            self.loading = None

    @property
    def waiting_for(self) -> Job | None:
        """The job that this tab is waiting for, if any."""
        for job in (self.job, self.loading):
            if job is not None and not job.state.final:
                return job
        return None


def session() -> Session:
    """This tab's state, made on its first run with the saved example on screen."""
    if "headsweep" not in st.session_state:
        state = Session()
        state.show(example.saved(), saved=True)
        st.session_state["headsweep"] = state
    for key, value in WIDGET_DEFAULTS.items():
        st.session_state.setdefault(key, value)
    found: Session = st.session_state["headsweep"]
    return found


def put(key: str, value: object) -> None:
    """Set a widget's value from a callback."""
    st.session_state[key] = value


def value(key: str) -> Any:
    """A widget's current value."""
    return st.session_state.get(key)


def chosen_metric() -> Metric:
    """The metric that the heatmap shows."""
    return next((m for m in METRICS if m.short == value("metric")), PROB)


def look() -> Look:
    """The browser's theme as a `Look`."""
    return Look(dark=st.context.theme.type == "dark")


def same_sweep(spec: SweepSpec, result: SweepResult | None) -> bool:
    """Whether `result` answers `spec`, whose BOS may still be open."""
    if result is None:
        return False
    bos = result.spec.prepend_bos if spec.prepend_bos is None else spec.prepend_bos
    return spec.resolved(prepend_bos=bool(bos)) == result.spec and not outdated(result)


def outdated(result: SweepResult) -> bool:
    """Whether the model of that name now loaded is another than the one that was swept."""
    model = live_model(result.spec.model)
    return model is not None and model.fingerprint != result.provenance.model_fingerprint


def live_model(name: str) -> Any | None:
    """The loaded model of that name, if it is loaded now; never waits."""
    return MODELS.peek(model_key(name)) if name else None


def finished(spec: SweepSpec) -> SweepResult | None:
    """The result of a spec that this process has already swept."""
    job = JOBS.find(spec)
    return job.result if job is not None and job.state is JobState.DONE else None


@st.cache_data(max_entries=512, show_spinner=False)
def next_tokens(_model: Any, fingerprint: str, name: str, prompt: str) -> Top:
    """The model's own most probable next tokens; raises `InputError`."""
    from core.sweep import predict
    from core.tokens import tokenize_prompt

    tokens = tokenize_prompt(_model.tokenizer, prompt, prepend_bos=_model.default_prepend_bos)
    return predict(_model, tokens)


@st.cache_resource(max_entries=128, show_spinner=False)
def head_view(_model: Any, _result: SweepResult, key: str, head: Head) -> Any:
    """A head of a result seen closely; read-only. Raises `InputError`."""
    from core.head_view import view_head

    return view_head(_model, _result.spec, head)


def is_one_token(model: Any, text: str) -> bool:
    """Whether a token's text, typed, is that one token again: some bytes and prefixes are not."""
    from core.tokens import encode

    try:
        return len(encode(model.tokenizer, text, "target")) == 1 and bool(text.strip(" "))
    except InputError:
        return False


def example_failed() -> bool:
    """Whether the embedded model, which the first page waits for, could not be loaded."""
    return JOBS.find(example.SPEC) is None

"""What a browser session remembers, and what the process caches: all of it in one module."""

from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

import streamlit as st

from components.asking import Asking
from components.figures.look import Look
from components.figures.metric import METRICS, PROB, Metric
from core import example
from core.ablation import AblationKind
from core.errors import InputError
from core.estimates.attribution import Estimate
from core.heads import Head
from core.hypotheses.naming import heads_text
from core.hypotheses.prediction import Prediction
from core.jobs import JOBS, Job, JobState
from core.kinds import with_kind
from core.margins import Margins
from core.models.registry import MODELS, ModelKey, model_key
from core.results import SweepResult, Top
from core.spec import Answer, SweepSpec

WIDGET_DEFAULTS: dict[str, Any] = {
    "model": example.SPEC.model,
    "prompt": example.SPEC.prompt,
    "target": example.SPEC.target,
    "foil": "",
    "ablation": example.SPEC.ablation,
    "positions": "all",
    "chosen_positions": "",
    "reference_choice": "default",
    "reference_text": "",
    "corrupted_prompt": "",
    "replacement": "",
    "metric": PROB.short,
    "published_roles": False,
    "head_view": "looks",
    "value_weighted": False,
    "where_scope": "This head",
    "patch_scope": "The layer of a head",
    "role": "induction",
    "feed_query": -1,
    "feed_key": -1,
    "heads": "",
    "outcome": None,
    "predicted": None,
    "own_variants": "",
}


TEST_SLOTS = ("joint", "pairs", "keep", "search", "variants")
"""What a hypothesis' test asks for: begun by hand, it goes on while another page is looked at."""
PATCH_SLOTS = ("patch_denoise", "patch_noise")
"""The same of patching."""

Question = tuple[str, str, Answer]
"""Model, prompt and target: to have seen its effects under any kind is to have looked."""


def question(spec: SweepSpec) -> Question:
    """What a spec asks, however it is ablated."""
    return spec.model, spec.prompt, spec.target


@dataclass(frozen=True)
class Test:
    """A hypothesis under test: a locked prediction, and the spec that it is about."""

    spec: SweepSpec
    prediction: Prediction


@dataclass
class Session:
    """One tab's state beside its widgets.

    `shown` is the result on screen, asked for by `asked`, with its `estimate` and `margins` where
    there are any; `job` is the sweep that is under way for it. `compared` holds a sweep a kind of
    ablation for the comparison of `compared_for`. `asking` has the tasks of the views; `test` is
    the hypothesis under test and `wanted` what else is asked of it, `looked_at` are the questions
    whose effects have been on screen, `patched` is the spec on the patching page.
    `widgets` are the values of the last run.
    `clicks` makes the keys of charts and tables new after each selection, so that a stale one
    cannot come back.
    """

    shown: SweepResult | None = None
    asked: SweepSpec | None = None
    estimate: Estimate | None = None
    margins: Margins | None = None
    saved_example: bool = False
    compared_for: SweepSpec | None = None
    compared: dict[AblationKind, Job] = field(default_factory=dict)
    job: Job | None = None
    failed: InputError | None = None
    failed_for: SweepSpec | None = None
    loading: Job | None = None
    load_tried: ModelKey | None = None
    last_model: str = example.SPEC.model
    head: Head | None = None
    clicks: int = 0
    asking: Asking = field(default_factory=Asking)
    test: Test | None = None
    looked_at: set[Question] = field(default_factory=set)
    wanted: set[str] = field(default_factory=set)
    patched: SweepSpec | None = None
    address: dict[str, str] | None = None
    address_since: float = 0.0
    bad_address: str = ""
    progress_shown: bool = False
    widgets: dict[str, Any] = field(default_factory=dict)

    def keep_widgets(self) -> None:
        """Write every widget's value anew, at the start of a run of a page.

        On a page just come to, a widget is a new one to Streamlit: until the end of that run it
        has its default, None, unless its key is written before it is drawn.
        """
        for key, default in WIDGET_DEFAULTS.items():
            found = st.session_state.get(key)
            if found is None and default is not None:  # nobody can have chosen that
                found = self.widgets.get(key, default)
            self.widgets[key] = st.session_state[key] = found

    def toggle_head(self, head: Head) -> None:
        """Select a head; the one already selected is let go."""
        self.choose_head(None if head == self.head else head)

    def choose_head(self, head: Head | None) -> None:
        """Select a head, or none."""
        self.head = head
        self.clicks += 1
        self.bad_address = ""

    @property
    def picked(self) -> tuple[Head, ...]:
        """The heads named for the hypothesis, as far as they can be read."""
        return tuple(dict.fromkeys(head for _, head in _named() if head is not None))

    @property
    def _unread(self) -> list[str]:
        """What else is typed there: it stays until its writer takes it away."""
        return [part for part, head in _named() if head is None]

    def pick(self, head: Head) -> None:
        """Put a head into the hypothesis, or take it out."""
        kept = [each for each in self.picked if each != head]
        heads = heads_text(kept if head in self.picked else sorted([*kept, head]))
        put("heads", ", ".join(filter(None, [heads, *self._unread])))

    def begin_test(self, test: Test) -> None:
        """Put a hypothesis to the test: from here on its question's effects have been seen."""
        self.test = test
        self.looked_at.add(question(test.spec))
        self.wanted.clear()

    def end_test(self) -> None:
        """Give up the test, and whatever is still being measured for it."""
        self.test = None
        for slot in TEST_SLOTS:
            self.asking.forget(slot)

    def show(
        self,
        result: SweepResult,
        asked: SweepSpec | None = None,
        *,
        estimate: Estimate | None = None,
        margins: Margins | None = None,
        saved: bool = False,
    ) -> None:
        """Put a result on screen; the selected head stays where the model's shape allows it."""
        if self.head is not None and not self.head.within(result.shape):
            self.choose_head(None)
        self.shown, self.saved_example = result, saved
        self.asked, self.estimate, self.margins = asked or result.spec, estimate, margins

    def take(self, job: Job) -> None:
        """Put on screen what a job has found so far, if that is news."""
        estimate, margins, partial = job.estimate, job.margins, job.partial
        if partial is not None and self.lacks(job):
            self.show(partial, job.spec, estimate=estimate, margins=margins)

    def lacks(self, job: Job) -> bool:
        """Whether a job has found more than is on screen. Without an estimate, heads at least."""
        partial = job.partial
        if partial is None or not (partial.heads or job.estimate):
            return False
        return partial is not self.shown or job.margins is not self.margins

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
        self.progress_shown = False
        job = self.job
        if job is None:
            return
        final = job.state.final
        self.take(job)
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

    def compare(self, corrupted_prompt: str | None, reference: tuple[str, ...] | None) -> None:
        """Ask for the sweep on screen under every kind of ablation; finished ones are reused."""
        assert self.asked is not None
        self.stop_comparing()
        self.compared_for = self.asked
        for kind in AblationKind:
            spec = with_kind(self.asked, kind, corrupted_prompt, reference)
            if spec is not None:
                self.compared[kind] = JOBS.submit(spec)

    def stop_comparing(self) -> None:
        """Give up what is under way for the comparison; finished kinds stay."""
        for kind, job in list(self.compared.items()):
            if not job.state.final:
                JOBS.release(job)
            if job.state is not JobState.DONE:
                del self.compared[kind]

    def progress_key(self, name: str) -> str:
        """The key of a progress bar: "progress" for the first on the page, others name theirs."""
        key = f"progress_{name}" if self.progress_shown else "progress"
        self.progress_shown = True
        return key

    @property
    def waiting_for(self) -> Job | None:
        """The job that this tab is waiting for, if any."""
        for job in (self.job, self.loading):
            if job is not None and not job.state.final:
                return job
        return None


def _named() -> list[tuple[str, Head | None]]:
    """What is typed as heads of the hypothesis, each with its head if it is one."""
    found: list[tuple[str, Head | None]] = []
    for part in str(value("heads") or "").replace(";", " ").replace(",", " ").split():
        head = None
        with suppress(ValueError):
            head = Head.parse(part)
        found.append((part, head))
    return found


def session() -> Session:
    """This tab's state, made on its first run with the saved example on screen."""
    if "headsweep" not in st.session_state:
        state = Session()
        state.show(example.saved(), example.SPEC, margins=example.saved_margins(), saved=True)
        st.session_state["headsweep"] = state
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


def finished(spec: SweepSpec) -> Job | None:
    """The job of a spec that this process has already swept."""
    job = JOBS.find(spec)
    return job if job is not None and job.state is JobState.DONE else None


@st.cache_data(max_entries=512, show_spinner=False)
def next_tokens(_model: Any, fingerprint: str, name: str, prompt: str) -> Top:
    """The model's own most probable next tokens; raises `InputError`."""
    from core.prompts.tokens import tokenize_prompt
    from core.sweep import predict

    tokens = tokenize_prompt(_model.tokenizer, prompt, prepend_bos=_model.default_prepend_bos)
    return predict(_model, tokens)


@st.cache_data(max_entries=512, show_spinner=False)
def likely_at(_model: Any, fingerprint: str, name: str, prompt: str, position: int) -> Top:
    """What the model finds likely at a position of a prompt (BOS is 0); nothing at the first."""
    from core.prompts.tokens import tokenize_prompt
    from core.sweep import predict

    bos = _model.default_prepend_bos
    read = tokenize_prompt(_model.tokenizer, prompt, prepend_bos=bos)
    if not 0 < position < len(read):
        return ()
    before = {field: getattr(read, field)[:position] for field in ("ids", "texts", "special")}
    return predict(_model, replace(read, **before))


@st.cache_data(max_entries=256, show_spinner=False)
def clean_prob(_model: Any, fingerprint: str, spec: SweepSpec) -> float:
    """The target's probability with nothing ablated; raises `InputError`."""
    from core.scoring import Scorer, baseline_of

    return baseline_of(_model, Scorer(_model, spec).baseline).prob


def is_one_token(model: Any, text: str) -> bool:
    """Whether a token's text, typed, is that one token again: some bytes and prefixes are not."""
    from core.prompts.tokens import encode

    try:
        return len(encode(model.tokenizer, text, "target")) == 1 and bool(text.strip(" "))
    except InputError:
        return False


def example_failed() -> bool:
    """Whether the embedded model, which the first page waits for, could not be loaded."""
    return JOBS.find(example.SPEC) is None

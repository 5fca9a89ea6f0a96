"""`Session`: what one tab remembers beside its widgets."""

from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from components.state.tab_tasks import TabTasks
from components.state.widgets import WIDGET_DEFAULTS, put, value
from core.checkpoints import catalogue
from core.checkpoints.permitted import from_outside
from core.checkpoints.registry import ModelKey, model_key
from core.demo import example
from core.errors import InputError
from core.hypotheses.naming import heads_text
from core.hypotheses.prediction import Prediction
from core.jobs import JOBS, Job, JobState
from core.results.agreement import with_kind
from core.results.layer_effects import LayerEffects
from core.results.result import SweepResult
from core.spec.ablation import AblationKind
from core.spec.answer import Answer
from core.spec.heads import Head
from core.spec.spec import SweepSpec
from core.sweep.estimate.attribution import Estimate
from core.sweep.task import SweepFound, SweepTask, found_by, spec_of

TEST_SLOTS = ("joint", "pairs", "keep", "search", "variants")
"""What a hypothesis' test asks for: begun by hand, it goes on while another page is looked at."""
PATCH_SLOTS = ("patch_denoise", "patch_noise")
"""The same of patching."""

Side = tuple[str, str] | SweepSpec
"""One side of a comparison: ("run", its name), or a spec that is to be swept."""

Question = tuple[str, str, Answer]
"""Model, prompt and target: to have seen its effects under any kind is to have looked."""


def question(spec: SweepSpec) -> Question:
    """What a spec asks, however it is ablated."""
    return spec.model, spec.prompt, spec.target


def no_such_head(head: Head, result: SweepResult) -> str:
    """What to say of a head that an address asks for and a model does not have."""
    last = Head(result.shape[0] - 1, result.shape[1] - 1)
    return (
        f"The address asks for {head.label}, and {result.spec.model} has L0H0 to {last.label}: "
        "click one of them."
    )


@dataclass(frozen=True)
class Test:
    """A hypothesis under test: a locked prediction, and the spec that it is about."""

    spec: SweepSpec
    prediction: Prediction


@dataclass
class Session:
    """One tab's state beside its widgets.

    `shown` is the result on screen, asked for by `asked`, with its `estimate` and `layer_effects`
    where there are any; `job` is the sweep that is under way for it. `compared` holds a sweep a
    kind of ablation for the comparison of `compared_for`. `asking` has the tasks of the views;
    `test` is the hypothesis under test and `wanted` what else is asked of it, `looked_at` are the
    questions whose effects have been on screen, `patched` is the spec on the patching page.
    `run_id`, `run_created` and `imported` tell of the kept run on screen; `mine` are the runs that
    this tab has asked for. `unasked` are models named by a link, a file or a kept run, `own_models`
    those that this tab's user has asked for: no other of the former is loaded or looked for.
    `picked_runs` are those chosen from the list of kept ones, `deleted_runs` what can be undone,
    `compare_a` and `compare_b` the two sides of the comparison. `head_linked` tells whether the
    selected head was chosen by a link. `widgets` are the values of the last run. `clicks` makes the
    keys of charts and tables new after each selection, so that a stale one cannot come back.
    """

    shown: SweepResult | None = None
    asked: SweepSpec | None = None
    estimate: Estimate | None = None
    layer_effects: LayerEffects | None = None
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
    head_linked: bool = False
    clicks: int = 0
    asking: TabTasks = field(default_factory=TabTasks)
    test: Test | None = None
    looked_at: set[Question] = field(default_factory=set)
    wanted: set[str] = field(default_factory=set)
    patched: SweepSpec | None = None
    run_id: str | None = None
    run_created: float | None = None
    imported: bool = False
    unasked: set[str] = field(default_factory=set)
    own_models: set[str] = field(default_factory=set)
    mine: set[str] = field(default_factory=set)
    picked_runs: list[str] = field(default_factory=list)
    deleted_runs: tuple[str, ...] = ()
    history_first: int = 0
    store_error: str = ""
    imports: int = 0
    import_error: str = ""
    opened_file: bool = False
    compare_a: Side | None = None
    compare_b: Side | None = None
    compare_stopped: set[str] = field(default_factory=set)
    compare_jobs: dict[str, Job] = field(default_factory=dict)
    linked: SweepSpec | None = None
    to_run: bool = False
    address: dict[str, list[str]] | None = None
    address_page: str = ""
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

    def choose_head(self, head: Head | None, *, linked: bool = False) -> None:
        """Select a head, or none."""
        self.head, self.head_linked = head, linked
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

    def pick_run(self, run_id: str) -> None:
        """Choose a run from the list, or let it go."""
        if run_id in self.picked_runs:
            self.picked_runs.remove(run_id)
        else:
            self.picked_runs.append(run_id)

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
        layer_effects: LayerEffects | None = None,
        saved: bool = False,
        run: tuple[str | None, float | None, bool] = (None, None, False),
    ) -> None:
        """Put a result on screen; the selected head stays where the model's shape allows it."""
        if self.head is not None and not self.head.within(result.shape):
            self._let_go_of_head(self.head, result)
        self.shown, self.saved_example = result, saved
        self.asked, self.estimate, self.layer_effects = (
            asked or result.spec,
            estimate,
            layer_effects,
        )
        self.run_id, self.run_created, self.imported = run
        self.linked, self.to_run = None, False

    def _let_go_of_head(self, head: Head, result: SweepResult) -> None:
        linked = self.head_linked
        self.choose_head(None)
        if linked:
            self.bad_address = no_such_head(head, result)
            # No longer what is on screen, and not by its reader's doing: the word about it stays.
            self.address = {
                name: texts
                for name, texts in (self.address or {}).items()
                if name not in ("head", "view")
            }

    def take(self, job: Job) -> None:
        """Put on screen what a job has found so far, if that is news."""
        found = found_by(job)
        if found is not None and self._lacks(found):
            kept = (job.run_id, job.created, False)
            self.show(
                found.result,
                spec_of(job),
                estimate=found.estimate,
                layer_effects=found.layer_effects,
                run=kept,
            )

    def lacks(self, job: Job) -> bool:
        """Whether a job has found more than is on screen. Without an estimate, heads at least."""
        found = found_by(job)
        return found is not None and self._lacks(found)

    def _lacks(self, found: SweepFound) -> bool:
        if not (found.result.heads or found.estimate):
            return False
        return found.result is not self.shown or found.layer_effects is not self.layer_effects

    def start(self, spec: SweepSpec) -> None:
        """Ask for a sweep; this tab's unfinished one is given up, unless it is the same."""
        if self.job is not None and spec_of(self.job) == spec and not self.job.state.final:
            return
        self.stop()
        self.failed = self.failed_for = None
        self.to_run = False
        self.job = JOBS.ask(SweepTask(spec))

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
            if job.run_id is not None:
                self.mine.add(job.run_id)
                found = found_by(job)
                if found is not None and found.result is self.shown:
                    self.run_id = job.run_id
            if job.state is JobState.FAILED:
                self.failed, self.failed_for = job.error, spec_of(job)
            self.job = None

    def load(self, name: str) -> None:
        """Start loading a model as the composer wants it, or join the load under way."""
        self.stop_loading()
        self.allow(name)
        self.load_tried = model_key(name, value("dtype"), value("weights"))
        self.loading = JOBS.load(self.load_tried)

    def is_unasked(self, name: str) -> bool:
        """Whether a model may not be loaded, or looked for, until its user says so."""
        meant = _meant(name)
        return meant in self.unasked and meant not in self.own_models

    def name_from_outside(self, name: str) -> None:
        """A link, a file or a kept run names a model, which it may only ask for if it is known."""
        if not from_outside(_meant(name)):
            self.unasked.add(_meant(name))

    def allow(self, name: str) -> None:
        """The user has asked for a model by themselves."""
        self.own_models.add(_meant(name))

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
                self.compared[kind] = JOBS.ask(SweepTask(spec))

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


def _meant(name: str) -> str:
    """A model's name as the composer reads it."""
    return catalogue.canonical(name.strip())


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
        state.show(
            example.saved(), example.SPEC, layer_effects=example.saved_layer_effects(), saved=True
        )
        st.session_state["headsweep"] = state
    found: Session = st.session_state["headsweep"]
    return found

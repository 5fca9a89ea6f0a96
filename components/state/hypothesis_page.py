"""The hypothesis: the heads that are named for it, and the test that it is put to."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

from components.state.sealed import SeenQuestions
from components.state.tab_tasks import TabTasks
from components.state.widgets import put, value
from core.errors import StoreError
from core.hypotheses.parse_heads import heads_text, parts_of
from core.hypotheses.prediction import now_utc
from core.results.locked_prediction import LockedPrediction, Outcome
from core.results.prediction import Prediction
from core.results.result import Baseline, Effect
from core.spec.heads import Head
from core.spec.spec import SweepSpec
from core.store.keeper import KEEPER
from core.store.result_kinds import PREDICTIONS

TEST_SLOTS = ("joint", "pairs", "dose", "keep", "search", "variants")
"""What a hypothesis' test asks for: begun by hand, it goes on while another page is looked at."""

OUTCOMES = ("breaks it", "leaves it standing")
"""What can be predicted, as the page says it."""
READ_ONLY = (
    "This Headsweep is read-only: the prediction is in this tab alone, and gone with it or at a "
    "reload. Export it as JSON to have it later."
)


@dataclass(frozen=True, slots=True)
class Test:
    """A hypothesis under test: a locked prediction, and what has become of it in the store.

    `id` is its name there, None where it is not kept, and then `not_kept` says why. One that is
    `imported` came from a file, and its date is what that says.
    """

    locked: LockedPrediction
    id: str | None = None
    imported: bool = False
    not_kept: str = ""

    @property
    def spec(self) -> SweepSpec:
        """The question, resolved."""
        return self.locked.spec

    @property
    def prediction(self) -> Prediction:
        """What was said of it."""
        return self.locked.prediction


@dataclass(slots=True)
class HypothesisPage:
    """`test` is the hypothesis under test, `wanted` what else is asked of it by its buttons.

    `own` are the names of the predictions that this tab has locked.
    """

    seen_questions: SeenQuestions
    tasks: TabTasks
    test: Test | None = None
    wanted: set[str] = field(default_factory=set)
    own: set[str] = field(default_factory=set)

    def begin(self, locked: LockedPrediction) -> None:
        """Keep a prediction that was locked just now, and put it to the test.

        From here on its question's effects have been seen. What cannot be kept is tested all the
        same, in this tab.
        """
        self.show(_kept(locked))
        if self.test is not None and self.test.id is not None:
            self.own.add(self.test.id)

    def show(self, test: Test) -> None:
        """Put a locked prediction on screen, and so to the test."""
        self.end()
        self.test = test
        self.seen_questions.mark(test.spec)

    def keep(self) -> None:
        """Try again to keep the one on screen."""
        if self.test is not None and self.test.id is None:
            self.test = _kept(self.test.locked)

    def note_outcome(self, baseline: Baseline, joint: Effect, fingerprint: str) -> None:
        """What the test has found, once: it goes beside the prediction in the store."""
        test = self.test
        if test is None or test.locked.outcome is not None:
            return
        outcome = Outcome(now_utc(), fingerprint, baseline, joint)
        locked = test.locked.with_outcome(outcome)
        if test.id is not None and not test.imported:
            name = test.id
            with suppress(StoreError):  # its page says so elsewhere; the numbers can be had again
                store = KEEPER.store()
                if not store.read_only:
                    kept = store.change(
                        PREDICTIONS, name, lambda there: there.with_outcome(outcome)
                    )
                    locked = kept or locked
        self.test = replace(test, locked=locked)

    def want(self, name: str) -> None:
        """Ask one thing more of the hypothesis under test."""
        self.wanted.add(name)

    def end(self) -> None:
        """Give up the test, and whatever is still being measured for it."""
        self.test = None
        self.wanted.clear()
        for slot in TEST_SLOTS:
            self.tasks.forget(slot)


def _kept(locked: LockedPrediction) -> Test:
    """A prediction, put into the store where that can be written."""
    try:
        store = KEEPER.store()
        if store.read_only:
            return Test(locked, not_kept=READ_ONLY)
        return Test(locked, store.put(PREDICTIONS, locked))
    except StoreError as error:
        return Test(locked, not_kept=f"It is in this tab alone. {error}")


def named_heads() -> tuple[Head, ...]:
    """The heads typed for the hypothesis, as far as they can be read."""
    return tuple(dict.fromkeys(head for _, head in _typed() if head is not None))


def put_head(head: Head) -> None:
    """Put a head into the hypothesis, or take it out; what else is typed there stays."""
    named = named_heads()
    kept = [each for each in named if each != head]
    heads = heads_text(kept if head in named else sorted([*kept, head]))
    unread = [part for part, read in _typed() if read is None]
    put("heads", ", ".join(filter(None, [heads, *unread])))


def put_heads(heads: Sequence[Head]) -> None:
    """Let the hypothesis be about these heads and no others."""
    put("heads", heads_text(heads))


def _typed() -> list[tuple[str, Head | None]]:
    """What is typed as heads of the hypothesis, each with its head if it is one."""
    found: list[tuple[str, Head | None]] = []
    for part in parts_of(str(value("heads") or "")):
        head = None
        with suppress(ValueError):
            head = Head.parse(part)
        found.append((part, head))
    return found

"""The hypothesis: the heads that are named for it, and the test that it is put to."""

from contextlib import suppress
from dataclasses import dataclass, field

from components.state.sealed import SeenQuestions
from components.state.tab_tasks import TabTasks
from components.state.widgets import put, value
from core.hypotheses.parse_heads import heads_text, parts_of
from core.hypotheses.prediction import Prediction
from core.spec.heads import Head
from core.spec.spec import SweepSpec

TEST_SLOTS = ("joint", "pairs", "dose", "keep", "search", "variants")
"""What a hypothesis' test asks for: begun by hand, it goes on while another page is looked at."""


@dataclass(frozen=True, slots=True)
class Test:
    """A hypothesis under test: a locked prediction, and the spec that it is about."""

    spec: SweepSpec
    prediction: Prediction


@dataclass(slots=True)
class HypothesisPage:
    """`test` is the hypothesis under test, `wanted` what else is asked of it by its buttons."""

    seen_questions: SeenQuestions
    tasks: TabTasks
    test: Test | None = None
    wanted: set[str] = field(default_factory=set)

    def begin(self, test: Test) -> None:
        """Put a hypothesis to the test: from here on its question's effects have been seen."""
        self.test = test
        self.seen_questions.mark(test.spec)
        self.wanted.clear()

    def want(self, name: str) -> None:
        """Ask one thing more of the hypothesis under test."""
        self.wanted.add(name)

    def end(self) -> None:
        """Give up the test, and whatever is still being measured for it."""
        self.test = None
        for slot in TEST_SLOTS:
            self.tasks.forget(slot)


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


def _typed() -> list[tuple[str, Head | None]]:
    """What is typed as heads of the hypothesis, each with its head if it is one."""
    found: list[tuple[str, Head | None]] = []
    for part in parts_of(str(value("heads") or "")):
        head = None
        with suppress(ValueError):
            head = Head.parse(part)
        found.append((part, head))
    return found

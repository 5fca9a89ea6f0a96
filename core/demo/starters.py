"""Ten prompts to begin with, of several tasks, from easy to hard, and how a model does on each."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar

from core.demo import example
from core.errors import InputError
from core.jobs.task import OnModel, Step, Work
from core.spec.answer import Answer
from core.spec.spec import SweepSpec

if TYPE_CHECKING:
    from core.model.loaded import LoadedModel


class Grade(StrEnum):
    """How large a model must be, roughly, that finds a prompt's answer."""

    EASY = "Easy: repeat, count on, a fact"
    HARDER = "Harder: who did what"
    HARD = "Hard, for larger models"


@dataclass(frozen=True)
class Starter:
    """A prompt with its answer; `number` is its own in the page's addresses of buttons, for ever.

    `task` is what it asks of a model, `see` a paper that studies it.
    """

    number: int
    title: str
    task: str
    grade: Grade
    prompt: str
    target: Answer
    foil: Answer | None = None
    see: str = ""


def _of_example(number: int, task: str, grade: Grade, see: str = "") -> Starter:
    """One of the examples that stand elsewhere too."""
    title, spec = example.TRY[number]
    return Starter(number, title, task, grade, spec.prompt, spec.target, spec.foil, see)


_YEARS = tuple(f"{year:02d}" for year in range(100))

STARTERS: tuple[Starter, ...] = (
    _of_example(0, "repetition", Grade.EASY, "Olsson et al. 2022, arXiv:2209.11895"),
    _of_example(2, "repetition of a list", Grade.EASY),
    Starter(
        3, "the days of the week", "what comes next", Grade.EASY,
        "Monday, Tuesday, Wednesday,", " Thursday", " Friday",
    ),
    Starter(
        4, "a capital", "a fact", Grade.EASY,
        "The capital of France is", " Paris", " Rome",
    ),
    Starter(
        5, "an opposite", "a fact about words", Grade.EASY,
        "The opposite of hot is", " cold", " warm",
    ),
    _of_example(1, "indirect object", Grade.HARDER, "Wang et al. 2022, arXiv:2211.00593"),
    Starter(
        6, "his or hers?", "pronoun", Grade.HARDER,
        "My sister lost her key. My brother lost", " his", " her",
    ),
    Starter(
        7, "a saying", "not saying a word again", Grade.HARDER,
        "All's fair in love and", " war", " love", "McDougall et al. 2023, arXiv:2310.04625",
    ),
    Starter(
        8, "one key or several?", "agreement", Grade.HARD,
        "The keys to the cabinet", " are", " is",
    ),
    Starter(
        9, "a later year", "greater than", Grade.HARD,
        "The war lasted from the year 1732 to the year 17", _YEARS[33:], _YEARS[:33],
        "Hanna et al. 2023, arXiv:2305.00586",
    ),
)  # fmt: skip
"""In the order in which they are offered."""


@dataclass(frozen=True)
class Standing:
    """How the clean model does on a starter: P(target) and its rank, or why it cannot be asked."""

    prob: float = 0.0
    rank: int = 0
    refused: str = ""


@dataclass(frozen=True)
class CheckStarters(OnModel):
    """Run a model on every starter, nothing ablated; returns a tuple of `Standing`.

    They are in the order of `STARTERS`; `prepend_bos` as in a spec.
    """

    quick: ClassVar[bool] = True
    large: ClassVar[bool] = False
    prepend_bos: bool | None = None

    @property
    def description(self) -> str:
        """What is being done."""
        return "Trying the prompts on this model"

    def work(self, model: "LoadedModel") -> Work:
        """Yields what is known so far."""
        found: list[Standing] = []
        for standing in self._standings(model):
            found.append(standing)
            yield Step(len(found) / len(STARTERS), tuple(found))
        return tuple(found)

    def _standings(self, model: "LoadedModel") -> Iterator[Standing]:
        from core.sweep.scorer import Scorer, baseline_of

        key = self.model
        for each in STARTERS:
            spec = SweepSpec(
                model=key.name,
                prompt=each.prompt,
                target=each.target,
                foil=each.foil,
                prepend_bos=self.prepend_bos,
                weights=key.weights,
                dtype=key.dtype,
            )
            try:
                base = baseline_of(model, Scorer(model, spec).baseline)
            except InputError as error:
                yield Standing(refused=str(error))
            else:
                yield Standing(base.prob, base.rank)

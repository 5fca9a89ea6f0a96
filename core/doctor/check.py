"""Run one check, which may raise or never return, and get a result in every case.

A check is one function. `Check` holds it with its data; `run_check` runs it with a time limit.
"""

import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass
from enum import StrEnum

from core.settings import Settings, variable

LIMIT_S = 6.0
"""The default time limit of a check, in seconds."""


class State(StrEnum):
    """The outcome of a check, from best to worst."""

    OK = "ok"
    WARNING = "warning"
    """Something is missing, but most of the program works without it."""
    PROBLEM = "problem"
    """Something that the operator set, or that the whole program needs, does not work."""


@dataclass(frozen=True)
class CheckResult:
    """What a check saw, and what to do if the state is not ok."""

    state: State
    seen: str
    to_do: str = ""


@dataclass(frozen=True)
class Check:
    """A check: `look` is called with the settings; `uses` names the settings that it needs.

    If it does not return within `limit_s` seconds, the outcome is `late`.
    """

    name: str
    look: Callable[[Settings], CheckResult]
    uses: tuple[str, ...] = ()
    limit_s: float = LIMIT_S
    late: State = State.PROBLEM
    late_to_do: str = "See what holds it up, such as a network disk that does not answer."


@dataclass(frozen=True)
class Finding:
    """The name of a check and its result."""

    name: str
    found: CheckResult


def run_check(check: Check, given: Settings, wrong: Collection[str] = ()) -> Finding:
    """Run a check and return its result. Never raises.

    `wrong` names the invalid settings; a check that uses one of them is not run. A check that does
    not return in time stays in its thread, which ends with the process.
    """
    if unusable := [variable(name) for name in check.uses if name in wrong]:
        return Finding(
            check.name,
            CheckResult(
                State.WARNING,
                f"Not looked at: {', '.join(unusable)} cannot be used.",
                "Correct that first.",
            ),
        )
    results: list[CheckResult] = []

    def look() -> None:
        try:
            results.append(check.look(given))
        except BaseException as error:  # a broken library may even raise SystemExit
            results.append(_raised(error))

    thread = threading.Thread(target=look, daemon=True, name=f"doctor: {check.name}")
    thread.start()
    thread.join(check.limit_s)
    late = CheckResult(check.late, f"No answer within {check.limit_s:g} s.", check.late_to_do)
    return Finding(check.name, results[0] if results else late)


def _raised(error: BaseException) -> CheckResult:
    text = " ".join(str(error).split())[:300]
    return CheckResult(
        State.PROBLEM,
        f"The check failed: {type(error).__name__}" + (f": {text}" if text else "."),
        "If the text does not say what is wrong, install Headsweep again.",
    )

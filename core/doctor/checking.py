"""A check, and what comes of it whatever happens: it may throw, or never come back.

One function a check; `Check` is the data around it, `look_at` runs it within its time.
"""

import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass
from enum import StrEnum

from core.settings import Settings, variable

LIMIT_S = 6.0
"""How long a check may take, unless it says otherwise."""


class State(StrEnum):
    """What a check comes to, from best to worst."""

    OK = "ok"
    WARNING = "warning"
    """Something is missing that much of the program does without."""
    PROBLEM = "problem"
    """Something that was asked for, or that everything needs, does not work."""


@dataclass(frozen=True)
class CheckResult:
    """What a check saw, and what to do where that is not ok."""

    state: State
    seen: str
    to_do: str = ""


@dataclass(frozen=True)
class Check:
    """A check: `look` is called with the settings; `uses` names those it cannot do without.

    `late` is what it means that it did not come back within `limit_s` seconds.
    """

    name: str
    look: Callable[[Settings], CheckResult]
    uses: tuple[str, ...] = ()
    limit_s: float = LIMIT_S
    late: State = State.PROBLEM
    late_to_do: str = "See what holds it up, such as a network disk that does not answer."


@dataclass(frozen=True)
class Finding:
    """A check's name with what it found."""

    name: str
    found: CheckResult


def look_at(check: Check, given: Settings, wrong: Collection[str] = ()) -> Finding:
    """What a check finds; `wrong` names the settings that cannot be used. Never raises.

    A check that does not come back is left behind in its thread, which ends with the process.
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
    found: list[CheckResult] = []

    def look() -> None:
        try:
            found.append(check.look(given))
        except BaseException as error:  # a broken library may even end its interpreter
            found.append(_thrown(error))

    thread = threading.Thread(target=look, daemon=True, name=f"doctor: {check.name}")
    thread.start()
    thread.join(check.limit_s)
    late = CheckResult(check.late, f"No answer within {check.limit_s:g} s.", check.late_to_do)
    return Finding(check.name, found[0] if found else late)


def _thrown(error: BaseException) -> CheckResult:
    text = " ".join(str(error).split())[:300]
    return CheckResult(
        State.PROBLEM,
        f"The check failed: {type(error).__name__}" + (f": {text}" if text else "."),
        "If the text does not say what is wrong, install Headsweep again.",
    )

"""`examine` runs all checks in order and collects their results."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from core.doctor import hub, machine, models, software
from core.doctor.check import Check, CheckResult, Finding, State, run_check
from core.doctor.settings import Setting, chosen, settings_result
from core.settings import Settings

SCHEMA = "headsweep.doctor/1"


def _database(given: Settings) -> CheckResult:
    # Imported here, so that a broken SQLAlchemy fails this check and not the doctor.
    from core.doctor.database import database

    return database(given)


CHECKS: tuple[Check, ...] = (
    Check("python", software.python),
    *(Check(name, partial(software.package, name)) for name in software.PACKAGES),
    Check("embedded model", models.embedded),
    # imports torch, as "device" does
    Check("fast path", models.path, limit_s=60.0, late=State.WARNING),
    Check("memory", machine.memory, uses=("memory_mb",)),
    # importing torch from a slow disk, or initialising a GPU, can take long
    Check("device", machine.device, uses=("device",), limit_s=60.0),
    Check(
        "database",
        _database,
        uses=("database_url", "data_dir", "read_only"),
        late_to_do="Check that the database's server answers, or its disk if it is a file.",
    ),
    Check("disk for runs", machine.disk_for_runs, uses=("database_url", "data_dir")),
    Check("disk for models", machine.disk_for_models),
    Check(
        "hub",
        hub.hub,
        late=State.WARNING,
        late_to_do=f"{hub.STILL_WORK} To download others, check the connection and HF_ENDPOINT.",
    ),
    Check("models here", models.on_this_machine),
    Check(
        "allowed models",
        models.allowed,
        uses=("allowed_models", "read_only"),
        late=State.WARNING,
        late_to_do="Download them while the hub can be reached.",
    ),
    Check("browser", software.browser),
    Check("port", machine.port, uses=("port", "address")),
    Check("address", machine.address, uses=("address", "allowed_hosts")),
)


@dataclass(frozen=True)
class Examination:
    """All settings, and the results of all checks."""

    settings: tuple[Setting, ...]
    findings: tuple[Finding, ...]

    @property
    def state(self) -> State:
        """The worst state of all checks."""
        return max((finding.found.state for finding in self.findings), key=list(State).index)

    def to_dict(self) -> dict[str, Any]:
        """The `headsweep.doctor/1` JSON; it contains no password and no token."""
        return {
            "schema": SCHEMA,
            "state": self.state.value,
            "settings": [setting.to_dict() for setting in self.settings],
            "checks": [
                {
                    "name": finding.name,
                    "state": finding.found.state.value,
                    "seen": finding.found.seen,
                    "to_do": finding.found.to_do or None,
                }
                for finding in self.findings
            ],
        }


def examine(report: Callable[[str, float], None] = lambda what, done: None) -> Examination:
    """Run all checks, one after another; `report(name, fraction done)` is called before each.

    It does not raise for what is broken: the results say so.
    """
    given, rows = chosen()
    wrong = [row.name for row in rows if row.wrong]
    findings = [Finding("settings", settings_result(rows))]
    for index, check in enumerate(CHECKS):
        report(check.name, index / len(CHECKS))
        findings.append(run_check(check, given, wrong))
    return Examination(rows, tuple(findings))

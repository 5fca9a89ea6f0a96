"""requirements.lock is what `make run` installs: all of the runtime, each file by its hash."""

import re
from importlib.metadata import requires, version
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
LOCK = (ROOT / "requirements.lock").read_text()
MAKEFILE = (ROOT / "Makefile").read_text()
UNLOCKED = {"torch"}
"""Its builds of one version differ from index to index; what it alone brings comes with it."""


def runtime() -> set[str]:
    """The packages of the runtime as they are installed here: what needs what, from its metadata.

    Of torch only what others need too, or what every build of it needs.
    """
    found: set[tuple[str, tuple[str, ...]]] = set()
    open_ = [("headsweep", ())]
    while open_:
        name, extras = open_.pop()
        if (name, extras) in found:
            continue
        found.add((name, extras))
        for line in requires(name) or []:
            needed = Requirement(line)
            marker = needed.marker
            if marker is None or any(marker.evaluate({"extra": e}) for e in ("", *extras)):
                open_.append((canonicalize_name(needed.name), tuple(sorted(needed.extras))))
    return {name for name, _ in found} - {"headsweep"}


def locked() -> dict[str, list[str]]:
    """Versions by package: some have another one on another system or Python."""
    found: dict[str, list[str]] = {}
    for name, number in re.findall(r"^([\w.-]+)==([^\s;]+)", LOCK, re.MULTILINE):
        found.setdefault(canonicalize_name(name), []).append(number)
    return found


def of_torch_alone(name: str) -> bool:
    return name in UNLOCKED or name.startswith(("nvidia-", "cuda-", "triton"))


def test_every_package_of_the_runtime_is_locked_at_the_version_that_is_tested():
    needed = {name for name in runtime() if not of_torch_alone(name)}
    assert len(needed) > 90
    have = locked()
    assert needed <= have.keys()
    assert {name: version(name) for name in needed if version(name) not in have[name]} == {}


def test_every_locked_package_has_hashes_and_nothing_names_an_index():
    entries = re.split(r"\n(?=[\w])", LOCK.partition("\n")[2])
    assert len(entries) == sum(map(len, locked().values()))
    for entry in entries:
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", entry), entry
    assert not re.search(r"https?:|--(extra-)?index|--find-links", LOCK)
    assert not any(of_torch_alone(name) for name in locked())


def test_the_lock_and_the_constraints_say_the_same():
    pins = dict(re.findall(r"^([\w.-]+)==(\S+)$", (ROOT / "constraints.txt").read_text(), re.M))
    have = locked()
    for name, number in pins.items():
        assert have.get(canonicalize_name(name), [number]) == [number]


def rule(target: str) -> str:
    return re.search(rf"^{re.escape(target)}:.*\n((?:\t.*\n)+)", MAKEFILE, re.MULTILINE)[0]


def test_running_it_installs_the_lock_and_no_development_tool():
    assert "run: setup\n" in rule("run")
    ready = rule("$(VENV)/.ready")
    assert "--no-deps --require-hashes -r requirements.lock" in ready
    assert "[dev]" not in ready
    assert "[dev]" in rule("$(VENV)/.ready-dev")
    for target in ("test", "check", "pytest", "test-fast"):
        assert f"{target}: setup-dev\n" in rule(target)

"""Checks of Python, the packages that Headsweep needs, and a browser for pictures.

None of the packages is imported. The version ranges are those of Headsweep's own package.
"""

import os
import platform
from importlib.metadata import PackageNotFoundError, requires, version

from core.doctor.check import CheckResult, State
from core.exports.browser import VARIABLE, find_browser
from core.settings import Settings

PACKAGES = (
    *("headsweep", "torch", "transformer_lens", "transformers"),
    *("streamlit", "plotly", "sqlalchemy"),
)


def python(_: Settings) -> CheckResult:
    """The version of Python, the operating system and the processor type."""
    return CheckResult(
        State.OK, f"{platform.python_version()} on {platform.system()} {platform.machine()}."
    )


def package(name: str, _: Settings) -> CheckResult:
    """Whether a package is installed in a version that Headsweep supports."""
    from packaging.specifiers import SpecifierSet

    asked = _ranges().get(name, "")
    again = "Install Headsweep again (make setup, or pip install -e .)."
    try:
        installed = version(name)
    except PackageNotFoundError:
        return CheckResult(State.PROBLEM, "Not installed.", again)
    if not SpecifierSet(asked).contains(installed, prereleases=True):
        return CheckResult(State.WARNING, f"{installed}, where {asked} is asked for.", again)
    return CheckResult(State.OK, installed)


def browser(_: Settings) -> CheckResult:
    """The browser that draws PNG and SVG files for the command line."""
    if found := find_browser():
        return CheckResult(State.OK, found)
    named = os.environ.get(VARIABLE, "")
    return CheckResult(
        State.WARNING,
        f"{VARIABLE}={named!r} is no program." if named else "No Chrome or Chromium is found.",
        "Pictures can be saved from the page. To write PNG and SVG files from the command line, "
        f"install Chromium or name one in {VARIABLE}.",
    )


def _ranges() -> dict[str, str]:
    """The version range that Headsweep requires of each package in `PACKAGES`."""
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    try:
        asked = [Requirement(text) for text in requires("headsweep") or ()]
    except PackageNotFoundError:  # Headsweep itself is not installed
        return {}
    by_name = {canonicalize_name(required.name): str(required.specifier) for required in asked}
    return {name: by_name.get(canonicalize_name(name), "") for name in PACKAGES}

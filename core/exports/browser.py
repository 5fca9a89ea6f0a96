"""Where this machine's Chrome or Chromium is: PNG and SVG files are drawn by one."""

import os
import shutil
import sys
from pathlib import Path

VARIABLE = "BROWSER_PATH"
"""Names the browser's program; it comes before any that is found."""
NAMES = (
    *("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"),
    *("microsoft-edge", "msedge", "brave-browser"),
)
"""Programs looked for on the PATH, in this order: Chromium, and what is built on it."""
APPLICATIONS = {
    "darwin": (
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
        "/Applications/Chromium.app/Contents/MacOS/Chromium",
    ),
    "win32": (
        r"C:\Program Files\Google\Chrome\Application\chrome.exe",
        r"C:\Program Files (x86)\Google\Chrome\Application\chrome.exe",
        r"C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe",
    ),
}
"""Where a browser is on systems that keep theirs off the PATH."""


def find_browser() -> str | None:
    """The path of a Chrome or Chromium; None where there is none.

    What `BROWSER_PATH` names is the only one looked for, so that a wrong name is noticed.
    """
    if chosen := os.environ.get(VARIABLE, ""):
        return shutil.which(chosen)
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    installed = APPLICATIONS.get(sys.platform, ())
    return found or next((path for path in installed if Path(path).is_file()), None)

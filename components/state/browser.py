"""Which browser a tab is in: by a random id in its cookie, which every page's answer may set.

A cookie, and not the browser's local storage: it is there on a tab's first run, before anything is
drawn, and no script can read it. It says nothing of who uses the browser. A frame on another site
has none, and neither has whoever blocks cookies: then a tab knows of itself alone.
"""

import re
import secrets

import streamlit as st

COOKIE = "headsweep_browser"
MAX_AGE = 400 * 24 * 3600
"""Seconds: the longest that browsers keep a cookie."""
_ID = re.compile(r"[0-9a-f]{32}")


def new_browser_id() -> str:
    """A random one."""
    return secrets.token_hex(16)


def is_browser_id(text: object) -> bool:
    """Whether something is a text that can have come from `new_browser_id`."""
    return isinstance(text, str) and _ID.fullmatch(text) is not None


def browser_id() -> str | None:
    """The id of this tab's browser; None where it has none."""
    found = st.context.cookies.get(COOKIE, "")
    return str(found) if is_browser_id(found) else None

"""When something was, on the clock of whoever looks."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st


def when(created: float) -> str:
    """Seconds since 1970 as a date and time; with its zone where the browser's is not known."""
    at = datetime.fromtimestamp(created, UTC)
    zone = st.context.timezone
    try:
        local = at.astimezone(ZoneInfo(zone)) if zone else None
    except (ZoneInfoNotFoundError, ValueError):
        local = None
    shown = local or at
    text = f"{shown.day} {shown:%b %Y, %H:%M}" + ("" if local is not None else " UTC")
    return text.replace(" ", "\u00a0")  # never broken in two: its line may be narrow


def moment_words(moment: str) -> str:
    """When something was locked or measured, which is written in UTC and meant for everybody."""
    return moment.replace("T", " ").replace("+00:00", " UTC")

"""`headsweep`: the dashboard's measurements from a terminal."""

from core.cli.app import main

__all__ = ["main"]

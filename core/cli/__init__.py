"""The command line `headsweep`: the dashboard's measurements in a terminal."""

from core.cli.app import main

__all__ = ["main"]

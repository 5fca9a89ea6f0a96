"""`python -m core` is the command line, `headsweep`."""

from core.cli import main

main()

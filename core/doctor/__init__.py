"""The checks of `headsweep doctor`: settings, software, machine, models, hub and database."""

"""Runs of words: what is said of a result, and typed text made safe to show."""

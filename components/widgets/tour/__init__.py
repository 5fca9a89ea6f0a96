"""The two-minute tour of the first example."""

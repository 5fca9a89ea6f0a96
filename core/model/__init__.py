"""A loaded model and its parts: blocks, attention, norms and matrix products."""

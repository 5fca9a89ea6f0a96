"""The chosen head's own room: its figures, the verdict on them, and a view for each question."""

"""The head sweep: what replaces each head, the scores of a row, and the sweep itself."""

"""Models: finding, fetching and loading them, and proving that one can be swept."""

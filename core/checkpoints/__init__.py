"""Model files: finding, fetching, checking and loading them."""

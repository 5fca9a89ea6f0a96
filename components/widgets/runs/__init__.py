"""A run as a thing that lasts: named, exported, opened from its file."""

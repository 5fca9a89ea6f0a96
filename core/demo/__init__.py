"""The embedded model: its shipped sweep, its texts, and how it was trained."""

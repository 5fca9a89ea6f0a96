"""Format numbers and measured values: as text for people, and as JSON."""

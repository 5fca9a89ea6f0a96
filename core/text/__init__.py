"""How numbers and measured values are written: for people, and as JSON."""

"""What is asked: the spec of a sweep, its parts, its checks and its identity. Imports no torch."""

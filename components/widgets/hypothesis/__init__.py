"""A hypothesis about a set of heads: stated before looking, then tested."""

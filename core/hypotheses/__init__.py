"""A hypothesis about a set of heads, put to the test: predicted, ablated together, kept alone."""

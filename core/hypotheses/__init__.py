"""Test a hypothesis about a set of heads: predict, ablate them together, keep only them."""

"""Straight scripts, one a page: read, compute, draw."""

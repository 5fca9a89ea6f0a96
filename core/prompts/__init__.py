"""Prompts: their tokens, and the texts that a sweep is held against."""

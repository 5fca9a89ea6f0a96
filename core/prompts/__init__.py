"""Prompts: their tokens, and corrupted, control and random prompts for comparison."""

"""Estimates of every head from gradients, shown until exact numbers replace them."""

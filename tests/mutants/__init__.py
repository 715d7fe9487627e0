"""Bugs that a developer might really make, planted one at a time: each must be caught by a simulated call."""

"""Runs of call scripts: what is to happen, how it went, what was violated."""

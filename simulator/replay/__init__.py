"""Recorded calls decided again: by the machine alone, by the whole shell, under another tuning, as a script."""

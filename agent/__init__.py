"""The shell: waits, never decides."""

"""A day of calls to the agents that come with us, with faults: what callers wanted, and what was done of it."""

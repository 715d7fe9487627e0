"""The tuner: how patient an agent should be, from recorded or simulated calls."""

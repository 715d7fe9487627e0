"""The core: decides, never waits. Pure functions over values; see `fsm.chart` and `fsm.step`."""

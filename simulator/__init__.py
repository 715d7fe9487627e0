"""The other ends of the wires, simulated: peers, a caller, a virtual world."""

"""A breakdown service: how urgent it is, the nearest free unit, a person where it is beyond a machine."""

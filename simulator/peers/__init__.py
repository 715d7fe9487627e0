"""Providers and the telephone network, in their own words: message machines without sockets or clocks of their own."""

"""A utility that bills its customers: what is owed, and paying it by the card on file."""

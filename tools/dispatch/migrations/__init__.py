"""How the tables of the breakdown service came to be."""

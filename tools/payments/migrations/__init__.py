"""How the tables of the utility came to be."""

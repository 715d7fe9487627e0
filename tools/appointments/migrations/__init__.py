"""How the tables of the practice came to be."""

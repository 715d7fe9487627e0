"""How the tables of the parcel service came to be."""

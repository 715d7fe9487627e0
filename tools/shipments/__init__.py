"""A parcel service: where a shipment is, why it is late, on which day it comes."""

"""Function calling: knows nothing of calls or machines."""

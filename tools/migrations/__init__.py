"""What runs the migrations of every business; their revisions lie beside their tables."""

"""Providers: one file each, codec above client."""

"""Entries of the catalogue and price maps."""

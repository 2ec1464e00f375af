"""Companions: files that belong to a photo by their names, and mean nothing without it."""

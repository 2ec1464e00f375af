"""Carry out plans: journal first, then act; undo."""

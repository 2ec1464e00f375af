"""Read-only queries across tables."""

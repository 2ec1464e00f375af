"""The commands of `familiar clusters`."""

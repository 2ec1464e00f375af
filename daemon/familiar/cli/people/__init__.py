"""The commands of `familiar people`."""

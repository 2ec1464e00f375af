"""The report: the store in numbers, and as one self-contained page."""

"""The Python API: one class, `Library`, through which everything can be asked for that a command does.

Whatever is called here raises the errors of `familiar.errors`, with the words that the command line prints, and prints
nothing itself.
"""

from familiar.api.library import Library

__all__ = ["Library"]

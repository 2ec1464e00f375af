"""familiar: a daemon that recognises the people in your photos."""

from importlib.metadata import version

__version__ = version("familiar")

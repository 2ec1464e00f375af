"""Names of files, compared and divided (pure); quickly, as a folder may have a hundred thousand of them."""

from familiar.path_patterns import composed


def alike(one: str, other: str) -> bool:
    """Return whether two names are the same, in any form of Unicode and in upper or lower case."""
    return one == other or key(one) == key(other)


def key(text: str) -> str:
    """Return what is the same of names that are alike."""
    return composed(text).casefold()


def stem(name: str) -> str:
    """Return a name without its suffix, as `pathlib` has it."""
    return name[: _dot(name)]


def suffix(name: str) -> str:
    """Return the suffix of a name, with its dot, as `pathlib` has it."""
    return name[_dot(name) :]


def _dot(name: str) -> int:
    dot = name.rfind(".")
    return dot if 0 < dot < len(name) - 1 else len(name)

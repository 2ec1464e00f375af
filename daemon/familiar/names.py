"""Names of people: which can be used, and which are the same."""

import unicodedata

from familiar.errors import UsageError

MAX_NAME = 200
"""Characters in a name: longer ones do not fit into a file name."""

_JOINERS = frozenset("\u200c\u200d")

RESERVED_NAMES = frozenset({"any", "unknown"})
"""Words that mean something else in a rule's `person`."""


def check_name(name: str) -> str:
    """Return a name in the form in which it is kept: Unicode NFC, without spaces around it.

    Raises:
        UsageError: the name is empty, too long, has control characters, or means something else in rules.
    """
    kept = unicodedata.normalize("NFC", name).strip()
    if not kept:
        raise UsageError("A person's name can't be empty.")
    if len(kept) > MAX_NAME:
        raise UsageError(f"The name {kept[:20]!r}... has {len(kept)} characters; at most {MAX_NAME} are allowed.")
    odd = [character for character in kept if _is_odd(character)]
    if odd:
        visible = "".join("�" if _is_odd(character) else character for character in kept)
        raise UsageError(f"The name {visible!r} has the control character U+{ord(odd[0]):04X}; leave it out.")
    if all(unicodedata.category(character) in {"Cf", "Mn", "Me", "Zs"} for character in kept):
        raise UsageError(f"The name {kept!r} has no visible character.")
    if name_key(kept) in RESERVED_NAMES:
        raise UsageError(f"The name {kept!r} is reserved in rules; choose another.")
    return kept


def _is_odd(character: str) -> bool:
    """Return whether a character can't be seen, or turns what follows; joiners are a part of some scripts and signs."""
    return character not in _JOINERS and unicodedata.category(character) in {"Cc", "Cf", "Cs", "Zl", "Zp"}


def name_key(name: str) -> str:
    """Return what makes two names the same: case, Unicode form and runs of spaces do not count.

    It can be stored and compared even for a name that can't be used, such as bytes of a command line that are no text.
    """
    text = name.encode("utf-8", "backslashreplace").decode()
    return " ".join(unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold()).split())

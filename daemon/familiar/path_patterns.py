r"""Patterns of names and paths, in the configuration and in rules (pure).

`*` is any text and `?` one character, both within a folder; `**` is any text across folders. Everything else, brackets
included, is literal; `\*`, `\?` and `\\` are these signs themselves. In the configuration `*` fits across folders, too,
and case is ignored: what was excluded stays so wherever below it is. The forms of Unicode are alike: macOS writes `é`
as two characters, and keyboards as one.
"""

import re
import unicodedata
from collections.abc import Iterable

_TOKENS = re.compile(r"(\\[*?\\]|\*\*/|\*\*|\*|\?)")
_SIGNS = re.compile(r"[*?\\]")
_ESCAPED = {rf"\{sign}": re.escape(sign) for sign in "*?\\"}
_MEANINGS = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
_LOOSE = {"*": ".*", "?": "."}
_SET = re.compile(r"\[(?:[!^][^\]/]+|[^\]/]*[A-Za-z0-9]-[A-Za-z0-9][^\]/]*)\]")
"""What is a set of characters for a shell."""


def composed(text: str) -> str:
    """Return a text in the form in which equal names are equal."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def compile_patterns(texts: Iterable[str], *, loose: bool = False) -> re.Pattern[str]:
    """Return what fits as a whole one of some patterns; texts that it is asked about must be composed.

    With `loose`, `*` and `?` fit across folders, too, and case is ignored.
    """
    flags = re.DOTALL | (re.IGNORECASE if loose else 0)
    return re.compile("|".join(f"(?:{_expression(text, loose=loose)})" for text in texts), flags)


def escaped(name: str) -> str:
    """Return the pattern that only this name fits."""
    return _SIGNS.sub(r"\\\g<0>", name)


def doubt_about(text: str) -> str | None:
    """Return what may be meant otherwise in a pattern, or None."""
    found = _SET.search(text)
    if found is None:
        return None
    return (
        f"{text!r}: {found[0]} stands for these characters themselves, and is not a set of characters as in a shell; "
        "use ? for any character, or a list of patterns"
    )


def _expression(text: str, *, loose: bool) -> str:
    meanings = _ESCAPED | _MEANINGS | (_LOOSE if loose else {})
    return "".join(meanings.get(token, re.escape(token)) for token in _TOKENS.split(composed(text)))

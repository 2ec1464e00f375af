"""What users read is plain, present-day English: the phrases of an older dialect do not come back."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "daemon" / "familiar"

PHRASES = {
    r"\bbut for (--|the|its|what)": "except for, unless",
    r"\bmend(s|ed)?\b": "fix",
    r"\bso (is|are|do|does) (the|its|\d)": "a sentence with its own subject",
    r"\bwho may\b": "access: ...",
    r"\bis no (file|folder|regular|time|number|text|such)\b": "is not a ...",
    r"\bstands? still\b": "stopped",
    r"\bwhoever\b|\bwhatever is\b|\bwhom\b": "the subject, named",
    r"\banew\b": "again",
    r"\bdoes not run\b|: runs, pid": "not running, running (pid ...)",
    r"\bas (it is|they are)\b": "unchanged",
    r"\b(is|are) there already\b|\bthere before\b": "already exists, already there",
    r"\blies? (in|at|on|beside|nowhere|anywhere)\b": "is in, is at",
    r"\bby (itself|themselves)\b": "automatically",
    r"\bname (it|one|another|either)\b": "give, choose, use",
    r"\bfor (ever|good)\b": "permanently",
    r"\b(aught|hence|nought|shall|thus|upon)\b": "a word of today",
}
"""Phrases of the dialect, each with what manuals say instead."""


def messages() -> Iterator[tuple[str, str]]:
    """Give each string in the package that is not a docstring, with its place."""
    for path in sorted(PACKAGE.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        statements = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in statements:
                yield f"{path.relative_to(PACKAGE)}:{node.lineno}", node.value


def test_no_message_has_a_phrase_of_the_dialect() -> None:
    found = [
        f"{place}: {text!r}; better: {better}"
        for place, text in messages()
        if " " in text
        for phrase, better in PHRASES.items()
        if re.search(phrase, text, re.IGNORECASE)
    ]
    assert found == []

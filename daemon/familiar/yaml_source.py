"""YAML files with the line and column of each key and value."""

import datetime as dt
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from familiar.errors import ConfigurationError, Problem

_MAX_NODES = 20_000
_MAX_DEPTH = 40
_MAX_NUMBER = 100
"""Most characters of a number; Python refuses to print a number of some thousand digits."""

_LONGEST = 1000
"""Most characters of a message: a value in it may be as long as the file."""

_TAG = "tag:yaml.org,2002:"
_RIGHT = {
    f"{_TAG}int": "a whole number",
    f"{_TAG}float": "a number",
    f"{_TAG}bool": "true or false",
    f"{_TAG}timestamp": "a date such as 2026-05-31",
}
"""What would be right for a value that does not fit its type."""


class Unreadable:
    """Stands for a value that can't be read; its document has a problem that says why."""


@dataclass(slots=True)
class Document:
    """One file that is read: its name, its values, and the problems found in it.

    A `way` leads to a value: the keys, and the numbers of list items, from the outermost value to it.
    """

    file: Path
    root: yaml.Node
    problems: list[Problem] = field(default_factory=list)

    def plain(self) -> Any:
        """Return the values as plain Python: dict, list, str, int, float, bool, None, a date, or `Unreadable`.

        Unreadable values and keys that are given twice are added to the problems.
        """
        return self._plain(self.root, ())

    def complain(self, way: Sequence[str | int], message: str, *, of_key: bool = False) -> None:
        """Add a problem at a value, or at its key; where the way ends early, at the last value on it."""
        node, key_node, known = self.root, None, list[str | int]()
        for step in way:
            found = next((pair for pair in _children(node) if pair[0] == step), None)
            if found is not None:
                _, key_node, node = found
                known.append(step)
        self._add(key_node if of_key and key_node is not None else node, known, message)

    def check(self) -> None:
        """Raise `ConfigurationError` if there are problems."""
        if self.problems:
            raise ConfigurationError(self.problems)

    def _plain(self, node: yaml.Node, way: tuple[str | int, ...]) -> Any:
        if isinstance(node, yaml.SequenceNode):
            return [self._plain(item, (*way, number)) for number, _, item in _children(node)]
        if not isinstance(node, yaml.MappingNode):
            return self._scalar(node, way)
        plain: dict[str, Any] = {}
        for key, key_node, value in _children(node):
            inner = (*way, key)
            if not isinstance(key_node, yaml.ScalarNode):
                self._add(key_node, way, "a list or a mapping is not a valid key; a text would be right")
                continue
            if key in plain:
                self._add(key_node, inner, "this key is given twice; keep one")
            plain[str(key)] = self._plain(value, inner)
        return plain

    def _scalar(self, node: yaml.Node, way: Sequence[str | int]) -> Any:
        if node.tag in _RIGHT and len(node.value) > _MAX_NUMBER:
            message = f"a number of {len(node.value)} characters is too long; {_MAX_NUMBER} are allowed"
            self._add(node, way, message)
            return Unreadable()
        try:
            plain = yaml.SafeLoader("").construct_object(node, deep=True)
            if not isinstance(plain, str) or _is_text(plain):
                return plain
            self._add(node, way, f"{shown(plain)} is wrong; a text without control characters would be right")
            return Unreadable()
        except yaml.YAMLError as error:
            self._add(node, way, f"{getattr(error, 'problem', None) or error}")
        except (ValueError, LookupError, ArithmeticError, TypeError, AttributeError):
            right = _RIGHT.get(node.tag, f"a value of the type {node.tag.removeprefix(_TAG)}")
            self._add(node, way, f"{shown(node.value)} is wrong; {right} would be right")
        return Unreadable()

    def _add(self, node: yaml.Node, way: Sequence[str | int], message: str) -> None:
        key = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in way).removeprefix(".")
        problem = _problem(self.file, node.start_mark, key, message)
        if problem not in self.problems:
            self.problems.append(problem)


def parse(file: Path, text: str) -> Document | None:
    """Return the document, or None if the file is empty.

    Raises:
        ConfigurationError: it is not YAML.
    """
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        what = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error)
        raise ConfigurationError([_problem(file, mark, "", f"not valid YAML: {what}")]) from error
    except RecursionError as error:
        raise ConfigurationError([_problem(file, None, "", "it is nested too deeply")]) from error
    if node is None:
        return None
    _bound(file, node)
    return Document(file, node)


def shown(plain: object) -> str:
    """Return a value as messages show it, shortened."""
    match plain:
        case None:
            text = "null"
        case bool():
            text = str(plain).lower()
        case dt.date():
            text = str(plain)
        case _:
            text = repr(plain)
    return text if len(text) <= 60 else text[:57] + "..."  # noqa: PLR2004 - fits a line


def date_in(text: str) -> dt.date | None:
    """Return the date, or the date and time, that a text is in YAML without its quotes, or None."""
    loader: Any = yaml.SafeLoader("")
    tag = loader.resolve(yaml.ScalarNode, text, (True, False))
    if tag != f"{_TAG}timestamp":
        return None
    try:
        found: dt.date = loader.construct_yaml_timestamp(yaml.ScalarNode(tag, text))
    except ValueError:
        return None
    return found


def _is_text(text: str) -> bool:
    """Return whether a text can be the name of a file: NUL ends names, and UTF-8 has no surrogates but for bytes."""
    try:
        return "\0" not in os.fsdecode(os.fsencode(text))
    except UnicodeEncodeError:
        return False


def _children(node: yaml.Node) -> Iterator[tuple[str | int, yaml.Node, yaml.Node]]:
    """Yield the key or number, the node of the key, and the node of each value in a mapping or a list."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield key.value if isinstance(key, yaml.ScalarNode) else "", key, value
    elif isinstance(node, yaml.SequenceNode):
        for number, item in enumerate(node.value):
            yield number, item, item


def _bound(file: Path, root: yaml.Node) -> None:
    """Refuse documents that unfold to too much: aliases can multiply, and can contain themselves."""
    count = 0

    def unfold(node: yaml.Node, depth: int) -> None:
        nonlocal count
        count += 1
        if count > _MAX_NODES or depth > _MAX_DEPTH:
            message = f"it unfolds to over {_MAX_NODES} values, or is nested over {_MAX_DEPTH} deep"
            raise ConfigurationError([_problem(file, node.start_mark, "", message)])
        for _, key, value in _children(node):
            if key is not value:
                unfold(key, depth + 1)
            unfold(value, depth + 1)

    unfold(root, 0)


def _problem(file: Path, mark: yaml.Mark | None, key: str, message: str) -> Problem:
    line, column = (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)
    return Problem(file=file, line=line, column=column, key=_shortened(key), message=_shortened(message))


def _shortened(text: str) -> str:
    """Return a text without its middle if it is long; its end says what would be right."""
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 200]}…{text[-200:]}"

"""YAML that knows where each key and value stands, so that a complaint can say line and column."""

import difflib
import unicodedata
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import yaml

from familiar.errors import ConfigurationError, Problem

_MAX_NODES = 20_000
_MAX_DEPTH = 40


class _Flaw(Exception):  # noqa: N818 - never leaves this module
    """One value is wrong; the reading goes on with the next."""


@dataclass(slots=True)
class Document:
    """One file as it is read: its name, and what was found to be wrong in it."""

    file: Path
    problems: list[Problem] = field(default_factory=list)

    def check(self) -> None:
        """Raise `ConfigurationError` if anything was found to be wrong."""
        if self.problems:
            raise ConfigurationError(self.problems)


@dataclass(frozen=True, slots=True)
class Value:
    """A value of a YAML file with its place; `key` is the way to it, as in `rules[0].when.score`."""

    document: Document
    node: yaml.Node
    key: str

    @property
    def plain(self) -> Any:
        """The value as plain Python: dict, list, str, int, float, bool, None or a date."""
        match self.node:
            case yaml.MappingNode():
                return {key: value.plain for key, (value, _) in self._pairs().items()}
            case yaml.SequenceNode():
                return [item.plain for item in self.items()]
            case _:
                return _construct(self.document, self.node, self.key)

    def fail(self, message: str) -> NoReturn:
        """Say what is wrong here, and give up on this value.

        Raises:
            _Flaw: caught by `Complaints`.
        """
        self.complain(message)
        raise _Flaw

    def give_up(self) -> NoReturn:
        """Give up on this value; what is wrong with it was said already.

        Raises:
            _Flaw: caught by `Complaints`.
        """
        raise _Flaw

    def complain(self, message: str) -> None:
        """Say what is wrong here, and go on."""
        self.document.problems.append(_problem(self.document, self.node.start_mark, self.key, message))

    def keys(self, allowed: Collection[str]) -> dict[str, "Value"]:
        """Return a mapping's values by key; keys that are not allowed are complained of."""
        if not isinstance(self.node, yaml.MappingNode):
            self.fail(f"{self.shown} is wrong; a mapping with {_listed(allowed)} would be right")
        values = {}
        for key, (value, mark) in self._pairs().items():
            if key in allowed:
                values[key] = value
            else:
                near = difflib.get_close_matches(key, allowed, n=1)
                hint = f"did you mean {near[0]!r}? " if near else ""
                message = f"unknown key {key!r}; {hint}known are {_listed(allowed)}"
                self.document.problems.append(_problem(self.document, mark, value.key, message))
        return values

    def some_keys(self, allowed: Collection[str]) -> dict[str, "Value"]:
        """Return a mapping's values by key, of which there is at least one."""
        if isinstance(self.node, yaml.MappingNode) and not self.node.value:
            self.fail(f"{self.shown} is wrong; a mapping with {_listed(allowed)} would be right")
        return self.keys(allowed)

    def items(self) -> list["Value"]:
        """Return a list's values."""
        if not isinstance(self.node, yaml.SequenceNode):
            self.fail(f"{self.shown} is wrong; a list would be right")
        return [Value(self.document, item, f"{self.key}[{number}]") for number, item in enumerate(self.node.value)]

    def some_items(self) -> list["Value"]:
        """Return a list's values, of which there is at least one."""
        items = self.items()
        if not items:
            self.fail(f"{self.shown} is wrong; a list with something in it would be right")
        return items

    def text(self) -> str:
        """Return a text."""
        plain = self.plain
        if not isinstance(plain, str) or not plain:
            self.fail(f"{self.shown} is wrong; a text would be right")
        if any(unicodedata.category(character) == "Cc" for character in plain):
            self.fail(f"{self.shown} is wrong; a text without control characters would be right")
        return plain

    def texts(self) -> tuple[str, ...]:
        """Return one text, or a list of them."""
        if isinstance(self.node, yaml.SequenceNode):
            return tuple(item.text() for item in self.some_items())
        return (self.text(),)

    def number(self, low: float, high: float) -> float:
        """Return a number from `low` to `high`."""
        plain = self.plain
        if isinstance(plain, bool) or not isinstance(plain, int | float) or not low <= plain <= high:
            self.fail(f"{self.shown} is wrong; a number from {low:g} to {high:g} would be right")
        return float(plain)

    def whole(self, low: int, high: int) -> int:
        """Return a whole number from `low` to `high`."""
        plain = self.plain
        if isinstance(plain, bool) or not isinstance(plain, int) or not low <= plain <= high:
            self.fail(f"{self.shown} is wrong; a whole number from {low} to {high} would be right")
        return plain

    @property
    def shown(self) -> str:
        """The value as a complaint shows it, shortened."""
        text = repr(self.plain)
        return text if len(text) <= 60 else text[:57] + "..."  # noqa: PLR2004 - fits a line

    def _pairs(self) -> dict[str, tuple["Value", yaml.Mark]]:
        pairs: dict[str, tuple[Value, yaml.Mark]] = {}
        for key_node, value_node in self.node.value:
            key = str(_construct(self.document, key_node, self.key))
            way = f"{self.key}.{key}" if self.key else key
            if key in pairs:
                problem = _problem(self.document, key_node.start_mark, way, "this key stands here twice; keep one")
                if problem not in self.document.problems:
                    self.document.problems.append(problem)
            pairs[key] = (Value(self.document, value_node, way), key_node.start_mark)
        return pairs


class Complaints:
    """Reads values of which some may be wrong, so that all complaints come at once."""

    def __enter__(self) -> None:
        """Begin a block that may give up."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> bool:
        """Let the block end quietly if a value in it was wrong: the complaint is noted."""
        return kind is _Flaw


def parse(file: Path, text: str) -> Value | None:
    """Return the whole document, or None if the file is empty.

    Raises:
        ConfigurationError: it is not YAML.
    """
    document = Document(file)
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        what = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error)
        place = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        message = f"not valid YAML: {what}"
        problem = Problem(file=file, line=place[0], column=place[1], key="", message=message)
        raise ConfigurationError([problem]) from error
    except RecursionError as error:
        message = "it is nested too deeply"
        raise ConfigurationError([Problem(file=file, line=1, column=1, key="", message=message)]) from error
    if node is None:
        return None
    _bound(document, node)
    return Value(document, node, "")


def place_of(root: Value, way: Iterable[str | int]) -> tuple[int, int, str]:
    """Return line, column and key of the value that `way` leads to, or of the last one on it that there is."""
    current, mark = root, root.node.start_mark
    for step in way:
        if isinstance(current.node, yaml.MappingNode) and isinstance(step, str):
            pair = current._pairs().get(step)  # noqa: SLF001 - own class
            if pair is None:
                continue
            current, mark = pair[0], pair[0].node.start_mark
        elif isinstance(current.node, yaml.SequenceNode) and isinstance(step, int) and step < len(current.node.value):
            current = current.items()[step]
            mark = current.node.start_mark
    return mark.line + 1, mark.column + 1, current.key


def _bound(document: Document, root: yaml.Node) -> None:
    """Refuse documents that unfold to too much: aliases may multiply, and may contain themselves."""
    count = 0

    def unfold(node: yaml.Node, depth: int) -> None:
        nonlocal count
        count += 1
        if count > _MAX_NODES or depth > _MAX_DEPTH:
            message = f"it unfolds to over {_MAX_NODES} values, or is nested over {_MAX_DEPTH} deep"
            raise ConfigurationError([_problem(document, node.start_mark, "", message)])
        for child in _children(node):
            unfold(child, depth + 1)

    unfold(root, 0)


def _children(node: yaml.Node) -> Iterator[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield key
            yield value
    elif isinstance(node, yaml.SequenceNode):
        yield from node.value


def _construct(document: Document, node: yaml.Node, key: str) -> Any:
    try:
        return yaml.SafeLoader("").construct_object(node, deep=True)
    except (yaml.YAMLError, ValueError, LookupError, ArithmeticError, TypeError) as error:
        message = f"{getattr(error, 'problem', None) or error}"
        document.problems.append(_problem(document, node.start_mark, key, message))
        raise _Flaw from error


def _problem(document: Document, mark: yaml.Mark, key: str, message: str) -> Problem:
    return Problem(file=document.file, line=mark.line + 1, column=mark.column + 1, key=key, message=message)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)

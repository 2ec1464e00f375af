"""Arguments of a wrong type are refused where they come in, with the value and what would be right.

Annotations say which types are right; they are read when a method is called first. Those that are imported for type
checkers only say nothing here: their methods check such arguments themselves, with `familiar.library.arguments`.
"""

import inspect
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import wraps
from numbers import Integral, Real
from pathlib import Path
from reprlib import Repr
from types import FunctionType, NoneType, UnionType
from typing import Any, BinaryIO, Literal, ParamSpec, TypeAlias, TypeVar, Union, get_args, get_origin

from familiar.errors import UsageError

C = TypeVar("C")
P = ParamSpec("P")
R = TypeVar("R")

Taker: TypeAlias = Callable[[Any], Any]
"""Returns a value of the right type for what was given, or raises a TypeError that says what would be right."""

_SHORT = Repr()
_SHORT.maxstring = _SHORT.maxother = 100


def checked_arguments(owner: type[C]) -> type[C]:
    """Let the public methods of a class raise a UsageError for arguments of a wrong type, before they do anything."""
    for name, member in list(vars(owner).items()):
        if name.startswith("_"):
            continue
        if isinstance(member, FunctionType):
            setattr(owner, name, _checked(member))
        elif isinstance(member, classmethod):
            setattr(owner, name, classmethod(_checked(member.__func__)))
    return owner


def _checked(method: Callable[P, R]) -> Callable[P, R]:
    signature: inspect.Signature | None = None
    takers: dict[str, Taker] = {}

    @wraps(method)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        nonlocal signature
        if signature is None:
            signature = inspect.signature(method)
            takers.update(_takers(signature, vars(sys.modules[method.__module__])))
        try:
            bound = signature.bind(*args, **kwargs)
        except TypeError:
            return method(*args, **kwargs)  # Python says which argument is missing or unknown
        for name in bound.arguments:
            if name in takers:
                bound.arguments[name] = _taken(name, bound.arguments[name], takers[name])
        return method(*bound.args, **bound.kwargs)

    return call


def _takers(signature: inspect.Signature, names: Mapping[str, Any]) -> dict[str, Taker]:
    """Return what takes the value of each parameter whose annotation can be read with these names."""
    found = {}
    for parameter in signature.parameters.values():
        annotation = parameter.annotation
        if annotation is parameter.empty:
            continue  # self
        if isinstance(annotation, str):
            try:
                annotation = eval(annotation, dict(names))  # noqa: S307 - it is a part of this program
            except NameError:
                continue
        taker = _taker(annotation)
        if taker is not None:
            is_several = parameter.kind is inspect.Parameter.VAR_POSITIONAL
            found[parameter.name] = _several(taker) if is_several else taker
    return found


def _taken(name: str, value: Any, taker: Taker) -> Any:
    try:
        return taker(value)
    except TypeError as error:
        raise UsageError(f"The argument {name} is {_SHORT.repr(value)}; it must be {error}.") from error


def _taker(annotation: Any) -> Taker | None:
    """Return what takes values of an annotated type, or None for a type that is not checked."""
    if annotation in _SIMPLE:
        return _SIMPLE[annotation]
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin in {Union, UnionType}:
        return _one_of(inner)
    if origin in {Sequence, Iterable}:
        each = _taker(inner[0])
        return None if each is None else _several(each)
    if origin is tuple:
        return _together([_taker(each) or _anything for each in inner])
    if origin is Literal:
        return _choice(inner)
    if origin is Callable:
        return _like("a function", "__call__")
    if origin is Mapping:
        return _instance(Mapping, "a mapping")
    return _class(annotation) if isinstance(annotation, type) else None


def _class(type_: type) -> Taker:
    if not getattr(type_, "_is_protocol", False):
        return _instance(type_, f"an object of the class {type_.__name__}")
    methods = [name for name in vars(type_) if not name.startswith("_")]
    return _like(f"an object with {', '.join(methods)}", *methods)


def _choice(words: Sequence[str]) -> Taker:
    def take(value: Any) -> Any:
        if value not in words:
            raise TypeError(f"one of {', '.join(words)}")
        return value

    return take


def _one_of(types: Sequence[Any]) -> Taker | None:
    """Return what takes values of any of some types, or None if one of them is not checked."""
    if {str, Path} <= set(types):
        types = [str | Path, *(each for each in types if each not in {str, Path})]
    takers = [taker for each in types if (taker := _taker(each)) is not None]
    if len(takers) < len(types):
        return None

    def take(value: Any) -> Any:
        wanted: dict[str, None] = {}
        for taker in takers:
            try:
                return taker(value)
            except TypeError as error:
                wanted[str(error)] = None
        raise TypeError(" or ".join(wanted))

    return take


def _several(taker: Taker) -> Taker:
    what = f"a list, each item {_wanted(taker)}"

    def take(value: Any) -> Any:
        if isinstance(value, str | bytes | Mapping) or not isinstance(value, Iterable):
            raise TypeError(what)
        values = tuple(value)
        try:
            return tuple(map(taker, values))
        except TypeError as error:
            raise TypeError(what) from error

    return take


def _together(takers: Sequence[Taker]) -> Taker:
    what = f"a tuple of {' and '.join(map(_wanted, takers))}"

    def take(value: Any) -> Any:
        if not isinstance(value, tuple) or len(value) != len(takers):
            raise TypeError(what)
        return tuple(taker(each) for taker, each in zip(takers, value, strict=True))

    return take


def _wanted(taker: Taker) -> str:
    """Return what would be right for a taker."""
    try:
        taker(object())
    except TypeError as error:
        return str(error)
    return "anything"


def _instance(type_: type, what: str) -> Taker:
    def take(value: Any) -> Any:
        if not isinstance(value, type_):
            raise TypeError(what)
        return value

    return take


def _integer(value: Any) -> int:
    """Take a whole number, one of NumPy as well."""
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise TypeError("a whole number")
    return int(value)


def _number(value: Any) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError("a number")
    return float(value)


def _time(value: Any) -> datetime:
    what = "a time with a time zone, such as datetime.now(UTC)"
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise TypeError(what)
    try:
        value.astimezone(UTC)
    except OverflowError as error:
        raise TypeError(what) from error
    return value


def _like(what: str, *methods: str) -> Taker:
    def take(value: Any) -> Any:
        if not all(callable(getattr(value, method, None)) for method in methods):
            raise TypeError(what)
        return value

    return take


def _anything(value: Any) -> Any:
    return value


_SIMPLE: dict[Any, Taker] = {
    str: _instance(str, "text"),
    Path: _instance(Path, "a path"),
    str | Path: _instance(str | Path, "a path"),  # type: ignore[arg-type]  # isinstance takes it
    bool: _instance(bool, "True or False"),
    int: _integer,
    float: _number,
    range: _instance(range, "a range"),
    datetime: _time,
    BinaryIO: _like("a stream of bytes", "write"),
    NoneType: _instance(NoneType, "None"),
    None: _instance(NoneType, "None"),
}

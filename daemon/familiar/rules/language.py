"""Read rules from YAML; whatever is wrong is reported with its line and column."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path

from familiar.names import name_key
from familiar.rules.actions import Action, CopyAction, CropAction, LinkAction, MoveAction, StopAction, TagAction
from familiar.rules.conditions import (
    ANY,
    UNKNOWN,
    All,
    Any,
    Bounds,
    Condition,
    FaceCondition,
    FaceCount,
    FromSource,
    Not,
    OfKind,
    PathFits,
    Taken,
    path_pattern,
)
from familiar.rules.planning import Rule, Rules
from familiar.rules.templates import Template, TemplateError, parse_template, parse_text
from familiar.settings import FLICKR
from familiar.tags import TagError, raw_tag
from familiar.yaml_source import Complaints, Value, parse

_FACE_KEYS = ("person", "score", "distance", "percentile", "face")
_PHOTO_KEYS = ("faces", "kind", "source", "path", "taken")
_KINDS = ("photo", "video")
_LOGIC_KEYS = ("all", "any", "not")
CROP_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")
"""What the file name of a crop may end in."""

_GROUPS = frozenset({ANY, UNKNOWN})

_INFINITY = float("inf")
_MANY = 1_000_000


def read_rules(file: Path, text: str, *, home: Path) -> Rules:
    """Return the rules in `text`, which stands in `file`; an empty file has none.

    Raises:
        ConfigurationError: something is wrong; all of it is reported.
    """
    root = parse(file, text)
    if root is None:
        return Rules()
    reader = _Reader(home=home)
    rules: list[Rule] = []
    with Complaints():
        listed = root.keys(("rules",)).get("rules")
        for item in listed.items() if listed is not None and listed.plain is not None else []:
            with Complaints():
                rule = reader.rule(item)
                if rule.name in {other.name for other in rules}:
                    item.complain(f"there is a rule {rule.name!r} already; give this one another name")
                rules.append(rule)
    root.document.check()
    return Rules(rules=tuple(rules), version=hashlib.sha256(text.encode()).hexdigest()[:16])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reader:
    home: Path

    def rule(self, value: Value) -> Rule:
        keys = value.keys(("name", "when", "then"))
        for needed in ("name", "then"):
            if needed not in keys:
                value.fail(f"the rule has no {needed!r}")
        when = self.condition(keys["when"]) if "when" in keys else All(parts=())
        people = frozenset(_people_in(keys["when"])) if "when" in keys else frozenset()
        sources = _sources_in(keys["when"]) if "when" in keys else frozenset()
        ranked = (
            frozenset(map(name_key, _people_in(keys["when"], beside="percentile"))) if "when" in keys else frozenset()
        )
        actions: list[Action] = []
        for item in keys["then"].some_items():
            with Complaints():
                actions.append(self.action(item))
                if isinstance(actions[-1], MoveAction) and FLICKR in sources:
                    item.keys(("move",))["move"].complain(
                        "a photo on Flickr is not moved; copy it, or leave 'flickr' out of the rule's source"
                    )
        return Rule(name=keys["name"].text(), when=when, then=tuple(actions), people=people - _GROUPS, ranked=ranked)

    def condition(self, value: Value) -> Condition:
        keys = value.some_keys((*_FACE_KEYS, *_PHOTO_KEYS, *_LOGIC_KEYS))
        parts: list[Condition] = []
        of_face = {key: inner for key, inner in keys.items() if key in _FACE_KEYS}
        if of_face:
            with Complaints():
                parts.append(self.face_condition(of_face))
        for key, inner in keys.items():
            if key not in _FACE_KEYS:
                with Complaints():
                    parts.append(self.other_condition(key, inner))
        return parts[0] if len(parts) == 1 else All(parts=tuple(parts))

    def face_condition(self, keys: dict[str, Value]) -> FaceCondition:
        size, sharpness = Bounds(), Bounds()
        if "face" in keys:
            face = keys["face"].some_keys(("min_size", "max_size", "min_sharpness"))
            size = _bounds(face, "min_size", "max_size", 0, _MANY)
            sharpness = _bounds(face, "min_sharpness", "", 0, _MANY)
        return FaceCondition(
            people=frozenset(map(name_key, keys["person"].texts())) if "person" in keys else None,
            distance=_range(keys["distance"], 0, 2) if "distance" in keys else Bounds(),
            score=_range(keys["score"], 0, 1) if "score" in keys else Bounds(),
            percentile=_percentile(keys) if "percentile" in keys else None,
            size=size,
            sharpness=sharpness,
        )

    def other_condition(self, key: str, value: Value) -> Condition:
        match key:
            case "faces":
                return FaceCount(count=_count(value))
            case "kind":
                if value.text() not in _KINDS:
                    value.fail(f"{value.shown} is wrong; photo or video would be right")
                return OfKind(kind=value.text())
            case "source":
                return FromSource(sources=frozenset(value.texts()))
            case "path":
                return PathFits(patterns=tuple(path_pattern(text, str(self.home)) for text in value.texts()))
            case "taken":
                return _taken(value)
            case "all":
                return All(parts=tuple(self.condition(item) for item in value.some_items()))
            case "any":
                return Any(parts=tuple(self.condition(item) for item in value.some_items()))
            case _:
                return Not(part=self.condition(value))

    def action(self, value: Value) -> Action:
        if value.plain == "stop":
            return StopAction()
        readers: dict[str, Callable[[Value], Action]] = {
            "move": lambda inner: MoveAction(to=self.template(inner)),
            "copy": lambda inner: CopyAction(to=self.template(inner)),
            "link": self.link,
            "crop": self.crop,
            "tag": self.tag,
        }
        keys = value.keys(readers)
        if len(keys) != 1 and len(keys) == len(value.plain):
            value.fail(f"{value.shown} is wrong; one of {', '.join(readers)} with a target, or stop, would be right")
        if not keys:
            value.give_up()  # the unknown key was complained of
        name, inner = next(iter(keys.items()))
        return readers[name](inner)

    def link(self, value: Value) -> Action:
        keys = _options(value, ("to", "kind"))
        kind = keys["kind"].text() if "kind" in keys else "symbolic"
        if kind not in {"symbolic", "hard"}:
            keys["kind"].fail(f"{kind!r} is wrong; symbolic or hard would be right")
        return LinkAction(to=self.template(keys["to"]), symbolic=kind == "symbolic")

    def crop(self, value: Value) -> Action:
        keys = _options(value, ("to", "margin", "size", "min_size", "format"))
        suffix = keys["format"].text() if "format" in keys else "jpg"
        if suffix not in {"jpg", "png", "webp"}:
            keys["format"].fail(f"{suffix!r} is wrong; jpg, png or webp would be right")
        to = self.template(keys["to"])
        if not to.is_folder and not to.ending.lower().endswith(CROP_SUFFIXES):
            keys["to"].fail(
                f"{keys['to'].shown} is wrong; a folder (/ at its end), or a name that ends in "
                f"{', '.join(CROP_SUFFIXES)} would be right"
            )
        return CropAction(
            to=to,
            margin=keys["margin"].number(0, 10) if "margin" in keys else 0.4,
            size=keys["size"].whole(8, 10_000) if "size" in keys else None,
            min_size=keys["min_size"].whole(0, _MANY) if "min_size" in keys else 0,
            suffix=f".{suffix}",
        )

    def tag(self, value: Value) -> Action:
        try:
            text = parse_text(value.text())
            if not text.fields:
                raw_tag(value.text())
        except (TemplateError, TagError) as error:
            return value.fail(str(error))
        return TagAction(text=text)

    def template(self, value: Value) -> Template:
        try:
            return parse_template(value.text(), home=self.home)
        except TemplateError as error:
            return value.fail(str(error))


def _options(value: Value, allowed: tuple[str, ...]) -> dict[str, Value]:
    """Return an action's options; a text alone is its target."""
    if isinstance(value.plain, str):
        return {"to": value}
    keys = value.keys(allowed)
    if "to" not in keys:
        value.fail("the target is missing: to: ~/some/folder/")
    return keys


def _range(value: Value, low: float, high: float) -> Bounds:
    return _bounds(value.some_keys(("min", "max")), "min", "max", low, high)


def _percentile(keys: dict[str, Value]) -> Bounds:
    if "person" not in keys or UNKNOWN in map(name_key, keys["person"].texts()):
        keys["percentile"].fail("it is relative to a person: person with a name, or any, has to stand beside it")
    return _range(keys["percentile"], 0, 100)


def _bounds(keys: dict[str, Value], lower: str, upper: str, low: float, high: float) -> Bounds:
    bounds = Bounds(
        low=keys[lower].number(low, high) if lower in keys else -_INFINITY,
        high=keys[upper].number(low, high) if upper in keys else _INFINITY,
    )
    if bounds.low > bounds.high:
        keys[lower].fail(f"{bounds.low:g} is above {upper}, which is {bounds.high:g}")
    return bounds


def _count(value: Value) -> Bounds:
    if isinstance(value.plain, dict):
        return _range(value, 0, _MANY)
    number = value.whole(0, _MANY)
    return Bounds(low=number, high=number)


def _taken(value: Value) -> Taken:
    keys = value.some_keys(("from", "to"))
    since = _time(keys["from"])[0] if "from" in keys else datetime.min
    before = _time(keys["to"])[1] if "to" in keys else datetime.max
    if since >= before:
        value.fail(f"{value.shown} is wrong; 'from' must lie before 'to'")
    return Taken(since=since, before=before)


def _time(value: Value) -> tuple[datetime, datetime]:
    """Return begin and end of a day, or a moment twice (and a microsecond, so that it is included)."""
    plain = value.plain
    if isinstance(plain, datetime):
        moment = plain.replace(tzinfo=None, microsecond=min(plain.microsecond, 999_998))
        return moment, moment + timedelta(microseconds=1)
    if isinstance(plain, date):
        if plain == date.max:
            value.fail(f"{plain} is out of range; a date such as 2026-05-31 would be right")
        begin = datetime.combine(plain, time())
        return begin, begin + timedelta(days=1)
    return value.fail(f"{value.shown} is wrong; a date such as 2026-05-31 would be right")


def _people_in(value: Value, *, beside: str = "person") -> list[str]:
    """Return the people in a condition that stand beside this key, however deep; what is wrong is told elsewhere."""
    found: list[str] = []

    def collect(plain: object) -> None:
        if isinstance(plain, dict):
            named = plain.get("person") if beside in plain else None
            found.extend(name for name in (named if isinstance(named, list) else [named]) if isinstance(name, str))
            for inner in plain.values():
                collect(inner)
        elif isinstance(plain, list):
            for inner in plain:
                collect(inner)

    with Complaints():
        collect(value.plain)
    return found


def _sources_in(value: Value) -> frozenset[str]:
    """Return the sources that a condition asks for, however deep, but for those that it excludes."""
    found: set[str] = set()

    def collect(plain: object) -> None:
        if isinstance(plain, dict):
            named = plain.get("source")
            found.update(name for name in (named if isinstance(named, list) else [named]) if isinstance(name, str))
            for key, inner in plain.items():
                if key != "not":
                    collect(inner)
        elif isinstance(plain, list):
            for inner in plain:
                collect(inner)

    with Complaints():
        collect(value.plain)
    return frozenset(found)

"""Templates of target paths: a fixed folder, and below it a path with the values of a photo.

No value leads out of that folder: slashes, control characters and leading dots in names of people and files are
replaced.
"""

import re
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from familiar.file_names import LONGEST, clean_name, shorten_name, size_of
from familiar.model import Subject
from familiar.photo_details import Album

FIELDS = ("person", "name", "stem", "suffix", "taken", "source", "score", "album", "title", "id")
UNKNOWN = "unknown"
"""The value of `{person}` for an unknown face."""
NO_ALBUM = "no album"
"""The value of `{album}` for a photo that is in none."""

DIRECTIVES = "YmdHMSjybBaAUVWGu%"
"""Letters after a % in the format of a date."""

NUMBER_FORMAT = r"(0?[1-9])?(\.[0-9]{1,2})?[eEfFgG%]?"
"""A format of a number, as a regular expression."""

ALBUM_FORMAT = r"\|[^{}/|]*[^{}/|\s.][^{}/|]*"
"""What may follow `{album:`, as a regular expression: a bar, and the text for photos in no album."""

_CUT = frozenset({"title", "album"})
"""The fields that are cut where a name is too long: what stands beside them, such as a number, tells names apart."""
_MARK = "\0"
"""What stands for them until they are cut."""
_ROOM = 16
"""Bytes of a file name that a long title leaves free: for a number, and for the suffix of a sidecar."""

_DIGITS = 12
"""Digits of a hash that stand for a number."""

_DEFAULT_SPECS = {"taken": "%Y-%m-%d", "score": ".2f"}


class TemplateError(ValueError):
    """A template can't be used; the message says why, and what would be right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A target: `base` is the folder that no value leads out of, `parts` are texts and fields, `text` is the whole.

    `top` is `base`, or None if `base` is the home folder or the root folder, which are not for targets alone.
    """

    text: str
    base: Path
    parts: tuple[tuple[str, str | None, str], ...]
    is_folder: bool
    top: Path | None = None

    @property
    def fields(self) -> frozenset[str]:
        """The fields that the template uses."""
        return frozenset(name for _, name, _ in self.parts if name is not None)

    @property
    def ending(self) -> str:
        """The text after the last field, in which each target ends."""
        literal, field, _ = self.parts[-1] if self.parts else ("", None, "")
        return literal if field is None else ""

    @property
    def has_folder(self) -> bool:
        """Whether each target lies in a folder below `base`; only `{suffix}` may be empty."""
        shape = "".join(
            literal if field in {None, "suffix"} else f"{literal}_{'/_' * _fewest_slashes(spec)}"
            for literal, field, spec in self.parts
        )
        return len(_components(shape)) + self.is_folder > 1

    def render(self, values: Mapping[str, str | float | datetime], name: str) -> Path:
        """Return the target for these values; `name` is the file name in a target that is a folder."""
        texts = iter([_shown(values, field, spec) for _, field, spec in self.parts if field in _CUT])
        marked = _components(
            "".join(
                literal + (_MARK if field in _CUT else _shown(values, field, spec))
                for literal, field, spec in self.parts
            )
        )
        rooms = [LONGEST] * len(marked)
        if marked and not self.is_folder:
            rooms[-1] -= _ROOM
        components = [
            shorten_name(_filled(component, [next(texts) for _ in range(component.count(_MARK))], room))
            for component, room in zip(marked, rooms, strict=True)
        ]
        if self.is_folder or not components:
            components.append(name)
        return self.base.joinpath(*components)


def parse_template(text: str, *, home: Path) -> Template:
    """Return a template; `~` stands for `home`.

    Raises:
        TemplateError: it does not begin with a folder, has an unknown or wrong field, or leads to the root folder.
    """
    parsed = _parsed(text)
    start = parsed[0][0] if parsed else ""
    if not start.startswith(("/", "~/")):
        raise TemplateError(f"{text!r} must begin with a folder: / or ~/")
    if ".." in text.split("/"):
        raise TemplateError(f"{text!r}: '..' is not allowed in it")
    folder, _, rest = start.rpartition("/")
    base = home / folder.removeprefix("~").lstrip("/") if start.startswith("~") else Path("/", folder.lstrip("/"))
    parts = [(rest, *_field(text, *parsed[0][1:]))]
    parts += [(literal, *_field(text, name, spec, conversion)) for literal, name, spec, conversion in parsed[1:]]
    top = None if base in {home, Path("/")} else base
    template = Template(text=text, base=base, parts=tuple(parts), is_folder=text.endswith("/"), top=top)
    if base == Path("/") and not template.has_folder:
        raise TemplateError(
            f"{text!r} leads to the root folder of the file system; a target in a folder, such as ~/Pictures/, would "
            "be right"
        )
    return template


@dataclass(frozen=True, slots=True, kw_only=True)
class TextTemplate:
    """A text with fields that is not a path, such as a tag."""

    parts: tuple[tuple[str, str | None, str], ...]

    @property
    def fields(self) -> frozenset[str]:
        """The fields that the template uses."""
        return frozenset(name for _, name, _ in self.parts if name is not None)

    def render(self, values: Mapping[str, str | float | datetime]) -> str:
        """Return the text for these values."""
        return "".join(literal + _plain(values, field, spec) for literal, field, spec in self.parts)


def parse_text(text: str) -> TextTemplate:
    """Return a template of a text.

    Raises:
        TemplateError: it has an unknown or wrong field.
    """
    return TextTemplate(parts=tuple((part[0], *_field(text, *part[1:])) for part in _parsed(text)))


def values_of(
    subject: Subject, *, person: str | None, score: float, album: Album | None
) -> dict[str, str | float | datetime]:
    """Return the values of all fields for a photo, one person in it, and one of its albums.

    `taken` is missing if it has no date, `album` if it is in none. A photo without a title has its number on Flickr, or
    the name of its file; one that is not on Flickr has the first digits of its hash for a number.
    """
    path, facts = subject.path, subject.flickr
    return {
        "person": person or UNKNOWN,
        "name": path.name,
        "stem": path.stem,
        "suffix": path.suffix,
        "file_time": subject.file_time,
        **({} if subject.photo.taken is None else {"taken": subject.photo.taken}),
        "source": subject.source,
        "score": score,
        **({} if album is None else {"album": album.title}),
        "title": path.stem if facts is None else facts.title or facts.id,
        "id": subject.photo.hash[:_DIGITS] if facts is None else facts.id,
    }


def _filled(component: str, texts: Sequence[str], room: int) -> str:
    """Return a component with texts in the place of its marks, the longest of them cut to fit into the room."""
    left, longest = room - size_of(component.replace(_MARK, "")), room
    for place, size in enumerate(sorted(map(size_of, texts))):
        longest = max(left // (len(texts) - place), 1)
        left -= min(size, longest)
    for text in texts:
        component = component.replace(_MARK, text if size_of(text) <= longest else clean_name(text, longest=longest), 1)
    return component


def _components(text: str) -> list[str]:
    return [component for component in text.split("/") if component not in {"", ".", ".."}]


def _parsed(text: str) -> list[tuple[str, str | None, str, str | None]]:
    """Return the literal texts, each with the field, format and conversion that follow it."""
    try:
        return [(part[0], part[1], part[2] or "", part[3]) for part in string.Formatter().parse(text)]
    except ValueError as error:
        raise TemplateError(f"{text!r}: {error}; to write a brace, double it: {{{{ or }}}}") from error


def _field(text: str, name: str | None, spec: str, conversion: str | None) -> tuple[str | None, str]:
    if name is None:
        return None, ""
    if name not in FIELDS or conversion:
        raise TemplateError(f"{text!r}: unknown field {{{name}}}; known are {', '.join(FIELDS)}")
    if spec and name not in {"taken", "score", "album"}:
        raise TemplateError(f"{text!r}: {{{name}}} takes no format, but it has {spec!r}")
    if name == "taken":
        _check_date(text, spec)
    elif name == "score" and not re.fullmatch(NUMBER_FORMAT, spec):
        raise TemplateError(f"{text!r}: {spec!r} is not a format of a number; .2f would be right")
    elif name == "album" and spec and not re.fullmatch(ALBUM_FORMAT, spec):
        raise TemplateError(f"{text!r}: {spec!r} is not right for an album; {{album:|unsorted}} would be right")
    return name, spec


def _check_date(text: str, spec: str) -> None:
    """Check the format of a date; raises TemplateError."""
    form, bar, otherwise = spec.partition("|")
    if bar and not otherwise.strip("/ ."):
        raise TemplateError(f"{text!r}: nothing follows the bar; {{taken:%Y|undated}} would be right")
    wrong = [letter for letter in re.findall(r"%(.?)", form) if letter not in set(DIRECTIVES)]
    if wrong:
        raise TemplateError(f"{text!r}: %{wrong[0]} is not known in a date; use %Y, %m, %d, %H, %M, %S or %B")
    if spec and not all(spec.split("/")):
        raise TemplateError(
            f"{text!r}: the date {spec!r} has a slash without a name before or after it; write it outside of the "
            "braces, or between two parts, such as %Y/%m"
        )


def _shown(values: Mapping[str, str | float | datetime], field: str | None, spec: str) -> str:
    if field is None:
        return ""
    if field == "taken":
        # The user's own slashes make folders; those of a value, of a name of a month say, do not.
        form, moment = _date(values, spec)
        return "/".join(clean_name(part if moment is None else moment.strftime(part)) for part in form.split("/"))
    value = _album(values, spec) if field == "album" else values[field]
    if isinstance(value, str):
        return value if field == "suffix" else clean_name(value)
    return format(value, spec or _DEFAULT_SPECS.get(field, ""))


def _plain(values: Mapping[str, str | float | datetime], field: str | None, spec: str) -> str:
    if field == "taken":
        form, moment = _date(values, spec)
        return form if moment is None else format(moment, form)
    if field == "album":
        return _album(values, spec)
    return "" if field is None else format(values[field], spec or _DEFAULT_SPECS.get(field, ""))


def _album(values: Mapping[str, str | float | datetime], spec: str) -> str:
    """Return the title of the album, or the text for photos that are in none."""
    return str(values.get("album", spec.removeprefix("|") or NO_ALBUM))


def _date(values: Mapping[str, str | float | datetime], spec: str) -> tuple[str, datetime | None]:
    """Return the format of a date and the date, or the text for photos without one and None.

    Without such a text, the time of the file takes the place of a date.
    """
    form, bar, otherwise = spec.partition("|")
    if bar and "taken" not in values:
        return otherwise, None
    moment = values.get("taken") or values["file_time"]
    assert isinstance(moment, datetime), "both are times"
    return form or _DEFAULT_SPECS["taken"], moment


def _fewest_slashes(spec: str) -> int:
    return min(form.count("/") for form in spec.split("|", 1))

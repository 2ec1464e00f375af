"""The conditions of a rule: whether they hold for a photo, and which faces they are about."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, TypeAlias

from pydantic import (
    BeforeValidator,
    ConfigDict,
    ValidationInfo,
    field_validator,
)

from familiar.albums import AlbumChoice
from familiar.model import FlickrFacts, RecognisedFace, Subject
from familiar.names import name_key
from familiar.path_patterns import compile_patterns, composed
from familiar.photo_details import Album
from familiar.rules.ranges import COUNT, Counts, Distances, FaceBounds, Percentiles, Period, Scores, as_range
from familiar.rules.values import NOT_EMPTY, Given, SomeKeys, Texts, as_list, home_of, key, one_of
from familiar.tags import clean_tag
from familiar.yaml_models import complaint

ANY, UNKNOWN = "any", "unknown"
"""Words in `person`: somebody who is registered, and nobody who is known."""


_Visibility: TypeAlias = Annotated[str, one_of("public", "friends", "family", "private")]

Visibilities: TypeAlias = Annotated[
    tuple[_Visibility, ...],
    NOT_EMPTY,
    BeforeValidator(as_list, json_schema_input_type=_Visibility | Annotated[list[_Visibility], NOT_EMPTY]),
]
"""One word for who can see a photo, or a list of them."""


@dataclass(frozen=True, slots=True)
class Holds:
    """A condition holds; `faces` are the faces that it is about, or None if it is about no face in particular.

    The same is true of `albums`.
    """

    faces: tuple[RecognisedFace, ...] | None = None
    albums: tuple[Album, ...] | None = None


class When(SomeKeys):
    """Conditions; all of them must hold. person, score, distance, percentile and face refer to the same face."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1, "dependentRequired": {"percentile": ["person"]}})

    person: Given[Texts] = key("A face is this person: a name, a list of names, any, or unknown.")
    score: Given[Scores] = key("Score of that face, 1 / (1 + distance): 1 is a perfect match.")
    distance: Given[Distances] = key("Distance of that face from its person: the smaller, the more alike.")
    percentile: Given[Percentiles] = key("Percentile of that face's score, 0 to 100, among all photos of its person.")
    face: Given[FaceBounds] = key("Size, sharpness and quality of that face.")
    faces: Annotated[
        Given[Counts], BeforeValidator(as_range, json_schema_input_type=Annotated[int, COUNT] | Counts)
    ] = key("Number of faces in the photo, recognised or not.")
    kind: Given[Annotated[str, one_of("photo", "video")]] = key("photo or video.")
    source: Given[Texts] = key("Source of the photo, or a list of sources.")
    visibility: Given[Visibilities] = key("Who can see the photo on Flickr: public, friends, family or private.")
    media: Given[Annotated[str, one_of("photo", "video")]] = key("What the photo is on Flickr: photo or video.")
    tags: Given[Texts] = key("The photo has this tag on Flickr, or one of a list; tags added by familiar do not count.")
    album: Given[Texts] = key("The photo is in this album on Flickr: a title, a pattern, an id, a list, any, or none.")
    path: Given[Texts] = key("Pattern of the path, or a list: * in a folder, ** across folders, ~ for home.")
    taken: Given[Period] = key("When the photo was taken.")
    all: Given[Annotated[tuple["When", ...], NOT_EMPTY]] = key("All of these conditions hold.")
    any: Given[Annotated[tuple["When", ...], NOT_EMPTY]] = key("At least one of these conditions holds.")
    not_: Given["When"] = key("These conditions do not all hold.", alias="not")

    @field_validator("percentile")
    @classmethod
    def _is_of_a_person(cls, value: Percentiles | None, info: ValidationInfo) -> Percentiles | None:
        if "person" in info.data:  # it is wrong otherwise, and was complained of
            names = info.data["person"]
            if names is None or UNKNOWN in map(name_key, names):
                raise complaint("it is relative to a person: person with a name, or any, is required beside it")
        return value

    @field_validator("path")
    @classmethod
    def _has_home(cls, value: Texts, info: ValidationInfo) -> Texts:
        home = str(home_of(info)).rstrip("/")
        return tuple(home + text[1:] if text == "~" or text.startswith("~/") else text for text in value)

    def check(self, subject: Subject) -> Holds | None:
        """Return what holds for a photo, or None if one of the conditions does not."""
        return _all(self._checks(subject))

    def names(self, person: str | None) -> bool:
        """Return whether `person` includes a person, or None for an unknown one."""
        return UNKNOWN in self._keys if person is None else bool({ANY, name_key(person)} & self._keys)

    def parts(self, *, denied: bool = True) -> Iterator["When"]:
        """Yield these and all nested conditions; with `denied`, also those in `not`."""
        yield self
        inner = (*(self.all or ()), *(self.any or ()), *((self.not_,) if denied and self.not_ is not None else ()))
        for part in inner:
            yield from part.parts(denied=denied)

    def may_be_about(self, source: str) -> bool:
        """Return whether the conditions leave room for photos of a source."""
        if self.source is not None and composed(source) not in map(composed, self.source):
            return False
        some = self.any is None or any(part.may_be_about(source) for part in self.any)
        return some and all(part.may_be_about(source) for part in self.all or ())

    def _checks(self, subject: Subject) -> Iterator[Holds | None]:
        if self._asks_for_a_face:
            faces = tuple(face for face in subject.faces if self._fits(face))
            yield Holds(faces) if faces else None
        if self.faces is not None:
            yield _about_none(len(subject.faces) in self.faces)
        if self.kind is not None:
            yield _about_none(subject.photo.kind == self.kind)
        if self.source is not None:
            yield _about_none(composed(subject.source) in map(composed, self.source))
        if self.path is not None:
            yield _about_none(self._pattern.fullmatch(composed(str(subject.path))) is not None)
        if self.taken is not None:
            yield _about_none(self.taken.fits(subject.taken, subject.taken_source))
        yield from self._checks_on_flickr(subject.flickr)
        yield from (part.check(subject) for part in self.all or ())
        if self.any is not None:
            held = [holds for part in self.any if (holds := part.check(subject)) is not None]
            yield _together(held) if held else None
        if self.not_ is not None:
            yield _about_none(self.not_.check(subject) is None)

    def _checks_on_flickr(self, facts: FlickrFacts | None) -> Iterator[Holds | None]:
        """Check what only photos on Flickr have; for others these conditions do not hold."""
        if self.visibility is not None:
            yield _about_none(facts is not None and not facts.visibility.isdisjoint(self.visibility))
        if self.media is not None:
            yield _about_none(facts is not None and facts.media == self.media)
        if self.tags is not None:
            yield _about_none(facts is not None and not facts.tags.isdisjoint(map(clean_tag, self.tags)))
        if self.album is not None:
            albums = None if facts is None else facts.albums
            holds = albums is not None and self._albums.holds(albums)
            yield Holds(albums=tuple(filter(self._albums.has, albums or ()))) if holds else None

    @cached_property
    def _keys(self) -> frozenset[str]:
        return frozenset(map(name_key, self.person or ()))

    @cached_property
    def _albums(self) -> AlbumChoice:
        return AlbumChoice(texts=self.album or ())

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        """Patterns of whole paths; one that does not begin with `/` fits at any depth."""
        return compile_patterns(text if text.startswith("/") else f"**/{text}" for text in self.path or ())

    @cached_property
    def _asks_for_a_face(self) -> bool:
        asked = (self.person, self.score, self.distance, self.percentile, self.face)
        return any(each is not None for each in asked)

    def _fits(self, face: RecognisedFace) -> bool:
        match, ranks = face.match, face.percentiles
        distance, score = (match.distance, match.score) if match is not None else (float("inf"), 0.0)
        return (
            (self.person is None or self.names(face.person))
            and (self.distance is None or distance in self.distance)
            and (self.score is None or score in self.score)
            and (self.percentile is None or (ranks is not None and self.percentile.overlaps(*ranks)))
            and (self.face is None or self.face.fits(face))
        )


def _about_none(holds: bool) -> Holds | None:  # noqa: FBT001 - reads as a conversion
    return Holds() if holds else None


def _all(found: Iterable[Holds | None]) -> Holds | None:
    """Unite what holds if everything holds, otherwise return None."""
    held = []
    for holds in found:
        if holds is None:
            return None
        held.append(holds)
    return _together(held)


def _together(held: Iterable[Holds]) -> Holds:
    """Unite the faces and the albums, each once, in order; without any, the result is about none in particular."""
    held = tuple(held)
    faces = [holds.faces for holds in held if holds.faces is not None]
    albums = [holds.albums for holds in held if holds.albums is not None]
    return Holds(
        faces=tuple({id(face): face for each in faces for face in each}.values()) if faces else None,
        albums=tuple(dict.fromkeys(album for each in albums for album in each)) if albums else None,
    )

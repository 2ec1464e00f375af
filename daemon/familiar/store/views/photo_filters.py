"""Which photos a timeline shows: what is asked for, and the same as conditions in SQL."""

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias

People: TypeAlias = Literal["all", "any", "only"]
"""Whether all of some people must be in a photo, or one of them, or one of them and nobody else."""

SHOWN = "photos.verdict = 'seen' AND photos.kind != 'clip'"
"""Photos of the timeline: those that were seen, and are not the moving part of a live photo."""

SET_ASIDE = "photos.verdict = 'set aside'"


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoFilter:
    """Which photos are shown; without any wish, all that were seen.

    `people` are the ids of people, `which` says how many of them must be in a photo. `unknown`: a photo with a face
    that is nobody's, and not ignored. `source` is the id of a watched folder, or "flickr"; `folder` holds with the
    folders below it. `set_aside` photos can't be decoded, and are shown instead of all others.
    """

    people: tuple[int, ...] = ()
    which: People = "all"
    unknown: bool = False
    source: int | Literal["flickr"] | None = None
    folder: Path | None = None
    year: int | None = None
    kind: Literal["photo", "video"] | None = None
    set_aside: bool = False

    @property
    def base(self) -> str:
        """The condition of the index by which photos are found."""
        return SET_ASIDE if self.set_aside else SHOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """A condition that photos fulfil: for one photo (`photos.id`), and as a query for all of them.

    The first is fast for the photos of a month, the second where few photos fulfil it. It is empty for a condition
    that nearly all photos fulfil.
    """

    holds: str
    photos: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)


_OF_PERSON = """EXISTS (
    SELECT 1 FROM faces CROSS JOIN matches ON matches.face_id = faces.id
    WHERE faces.photo_id = photos.id AND accepted AND person_id IN (SELECT value FROM json_each(:{name}))
)"""
_ALL_OF_PERSON = """
    SELECT faces.photo_id FROM matches CROSS JOIN faces INDEXED BY faces_glance ON faces.id = face_id
    WHERE accepted AND person_id IN (SELECT value FROM json_each(:{name}))
"""
_NOBODY_ELSE = """NOT EXISTS (
    SELECT 1 FROM faces WHERE faces.photo_id = photos.id
    AND faces.id NOT IN (SELECT face_id FROM no_faces) AND faces.id NOT IN (SELECT face_id FROM clip_faces)
    AND NOT EXISTS (SELECT 1 FROM matches WHERE face_id = faces.id AND accepted
        AND person_id IN (SELECT value FROM json_each(:people)))
)"""
_IS_UNKNOWN = """
    faces.id NOT IN (SELECT face_id FROM no_faces) AND faces.id NOT IN (SELECT face_id FROM clip_faces)
    AND NOT EXISTS (SELECT 1 FROM matches WHERE face_id = faces.id AND accepted)
    AND NOT EXISTS (SELECT 1 FROM cluster_faces CROSS JOIN clusters ON clusters.id = cluster_id
        WHERE cluster_faces.face_id = faces.id AND (ignored OR clusters.person_id IS NOT NULL))
"""
_WITH_UNKNOWN = f"EXISTS (SELECT 1 FROM faces WHERE faces.photo_id = photos.id AND {_IS_UNKNOWN})"
_FROM_ROOT = """EXISTS (
    SELECT 1 FROM files CROSS JOIN folders ON folders.id = folder_id
    WHERE files.photo_id = photos.id AND state != 'gone' AND root_id = :source
)"""
_FROM_FLICKR = "EXISTS (SELECT 1 FROM flickr_photos WHERE flickr_photos.photo_id = photos.id)"
_BELOW = "(folders.path = :folder OR (folders.path >= :below AND folders.path < :beyond))"
_IN_FOLDER = f"""(EXISTS (
    SELECT 1 FROM files CROSS JOIN folders ON folders.id = folder_id
    WHERE files.photo_id = photos.id AND state != 'gone' AND {_BELOW}
) OR EXISTS (
    SELECT 1 FROM sightings CROSS JOIN folders ON folders.id = folder_id
    WHERE sightings.photo_id = photos.id AND {_BELOW}
))"""
_ALL_IN_FOLDER = f"""
    SELECT photo_id FROM folders CROSS JOIN files ON folder_id = folders.id
    WHERE {_BELOW} AND state != 'gone' AND photo_id IS NOT NULL
    UNION ALL SELECT photo_id FROM folders CROSS JOIN sightings ON folder_id = folders.id WHERE {_BELOW}
"""


def conditions(wanted: PhotoFilter) -> Iterator[Condition]:
    """Give the conditions of a filter, beyond its base."""
    yield from _of_people(wanted)
    if wanted.unknown:
        yield Condition(holds=_WITH_UNKNOWN)
    if wanted.source == "flickr":
        yield Condition(holds=_FROM_FLICKR)
    elif wanted.source is not None:
        yield Condition(holds=_FROM_ROOT, values={"source": wanted.source})
    if wanted.folder is not None:
        key = os.fsencode(wanted.folder).rstrip(b"/")
        values = {"folder": key or b"/", "below": key + b"/", "beyond": key + b"0"}  # the sign behind the slash
        yield Condition(holds=_IN_FOLDER, photos=_ALL_IN_FOLDER, values=values)
    if wanted.kind is not None:
        yield Condition(holds="photos.kind = :kind", values={"kind": wanted.kind})


def _of_people(wanted: PhotoFilter) -> Iterator[Condition]:
    if not wanted.people:
        return
    groups = [[person] for person in wanted.people] if wanted.which == "all" else [list(wanted.people)]
    for number, people in enumerate(groups):
        name = f"people{number}"
        yield Condition(
            holds=_OF_PERSON.format(name=name),
            photos=_ALL_OF_PERSON.format(name=name),
            values={name: json.dumps(people)},
        )
    if wanted.which == "only":
        yield Condition(holds=_NOBODY_ELSE, values={"people": json.dumps(list(wanted.people))})

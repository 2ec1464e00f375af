"""Sidecars: the content that familiar should write and wrote, their state when read, and the regions used."""

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import astuple, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from familiar.effects.kinds.write_sidecar import content_as_json, content_from_json
from familiar.filesystem.stamps import Stamp
from familiar.identity.regions import area_of
from familiar.model import Area, Box, Region, SidecarContent
from familiar.store.database import Database, writing
from familiar.store.flickr.captions import FlickrCaptions


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoSidecar:
    """A photo or a video, and the intended content of its sidecars."""

    photo_id: int
    sidecar_content: SidecarContent


_NAMED = """
SELECT faces.photo_id, people.name, box_left, box_top, box_right, box_bottom
FROM json_each(?) AS wanted CROSS JOIN faces ON faces.photo_id = wanted.value
CROSS JOIN real_matches AS matches ON matches.face_id = faces.id CROSS JOIN people ON people.id = matches.person_id
WHERE accepted ORDER BY faces.id
"""
"""From the few photos to their faces; the planner would go through all matches."""


class Sidecars:
    """The tables of sidecars and of the regions that were taken from them."""

    def __init__(self, db: Database) -> None:
        """Take the open store."""
        self._db = db
        self._captions = FlickrCaptions(db)

    def to_look_at(self, *, after: int, limit: int, captions: bool) -> list[int]:
        """Return up to `limit` photos with ids above `after` that have a named face, or had one when it was written.

        With `captions`, so are those that are on Flickr.
        """
        on_flickr = "OR EXISTS (SELECT 1 FROM flickr_photos WHERE photo_id = photos.id)" if captions else ""
        rows = self._db.conn.execute(
            "SELECT id FROM photos WHERE id > ? AND verdict = 'seen' AND kind != 'clip' AND (EXISTS (SELECT 1 FROM "
            "faces JOIN matches ON face_id = faces.id WHERE photo_id = photos.id AND accepted) OR EXISTS (SELECT 1 "
            f"FROM sidecars WHERE photo_id = photos.id AND wanted IS NOT NULL) {on_flickr}) ORDER BY id LIMIT ?",
            (after, limit),
        )
        return [int(row[0]) for row in rows]

    def named(self, *, captions: bool) -> Iterator[int]:
        """Give the ids of all photos as `to_look_at` has them."""
        after = 0
        while photos := self.to_look_at(after=after, limit=1000, captions=captions):
            yield from photos
            after = photos[-1]

    def sidecar_contents(self, photo_ids: Sequence[int], *, captions: bool) -> list[PhotoSidecar]:
        """Return the intended content of the sidecars of photos, from faces and matches, in the order of their ids.

        With `captions`, it has what their owner says of them on Flickr.
        """
        said = self._captions.of(photo_ids) if captions else {}
        wanted = json.dumps(list(photo_ids))
        named: dict[int, list[tuple[str, Box]]] = {}
        for photo_id, name, left, top, right, bottom in self._db.conn.execute(_NAMED, (wanted,)):
            box = Box(left=left, top=top, right=right, bottom=bottom)
            named.setdefault(photo_id, []).append((name, box))
        photos = self._db.conn.execute(
            "SELECT id, width, height, kind FROM photos WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id",
            (wanted,),
        ).fetchall()
        return [
            PhotoSidecar(
                photo_id=id_,
                sidecar_content=replace(
                    _inscription(named.get(id_, ()), kind, width or 0, height or 0), caption=said.get(id_)
                ),
            )
            for id_, width, height, kind in photos
        ]

    def wanted(self, path: Path) -> SidecarContent | None:
        """Return the last intended content of a sidecar; None if familiar has not written it."""
        return self._inscription("wanted", path)

    def wrote(self, path: Path) -> SidecarContent:
        """Return the content that familiar wrote into a sidecar."""
        return self._inscription("wrote", path) or SidecarContent()

    def want(self, path: Path, photo_id: int, wanted: SidecarContent) -> None:
        """Record the intended content of a sidecar."""
        self._know(path, photo_id)
        self._set(path, "wanted = ?", json.dumps(content_as_json(wanted)))

    def note_wrote(self, path: Path, photo_id: int, ours: SidecarContent) -> None:
        """Record the content that familiar is about to write into a sidecar, without faces named by others."""
        self._know(path, photo_id)
        self._set(path, "wrote = ?", json.dumps(content_as_json(ours)))

    def looks(self, path: Path) -> tuple[int, int] | None:
        """Return size and mtime (ns) of a sidecar when it was read or written last; None for one that never was."""
        row = self._db.conn.execute(
            "SELECT size, mtime_ns FROM sidecars WHERE path = ?", (os.fsencode(path),)
        ).fetchone()
        return None if row is None or row[0] is None else (int(row[0]), int(row[1]))

    def has_changed(self, path: Path, stamp: Stamp) -> bool:
        """Return whether a sidecar with this stamp is another one than that which was read or written last."""
        row = self._db.conn.execute(
            "SELECT size, mtime_ns, ctime_ns FROM sidecars WHERE path = ? AND size IS NOT NULL", (os.fsencode(path),)
        ).fetchone()
        return row is None or not stamp.is_of(Stamp(size=row[0], mtime_ns=row[1], ctime_ns=row[2]))

    def note_read(self, path: Path, photo_id: int, stamp: Stamp) -> None:
        """Record the stamp of a sidecar that was read."""
        self._know(path, photo_id)
        self._set_stamp(path, stamp)

    def note_looks(self, path: Path, photo_id: int | None) -> None:
        """Record the state of a sidecar after writing; with a photo, that it belongs to it."""
        if photo_id is not None:
            self._know(path, photo_id)
        self._look(path)

    def forget(self, path: Path) -> None:
        """Forget a sidecar."""
        self._db.conn.execute("DELETE FROM sidecars WHERE path = ?", (os.fsencode(path),))

    def hand_over(self, source: Path, target: Path, *, moves: bool) -> None:
        """Record a sidecar at the path to which it was moved or copied."""
        with writing(self._db):
            self._db.conn.execute("DELETE FROM sidecars WHERE path = ?", (os.fsencode(target),))
            self._db.conn.execute(
                "INSERT INTO sidecars (path, photo_id, wanted, wrote) SELECT ?, photo_id, wanted, wrote FROM sidecars "
                "WHERE path = ?",
                (os.fsencode(target), os.fsencode(source)),
            )
            if moves:
                self._db.conn.execute("DELETE FROM sidecars WHERE path = ?", (os.fsencode(source),))
            self._look(target)

    def taken(self, photo_id: int) -> list[Region]:
        """Return the regions that were taken from sidecars of a photo, in the upright picture."""
        rows = self._db.conn.execute(
            "SELECT name, x, y, width, height FROM sidecar_regions WHERE photo_id = ? ORDER BY id", (photo_id,)
        )
        return [Region(name=name, area=_area(sides)) for name, *sides in rows]

    def note_taken(self, photo_id: int, regions: Iterable[Region], *, at: datetime) -> None:
        """Record regions that were taken; they are not taken again."""
        self._db.conn.executemany(
            "INSERT INTO sidecar_regions (photo_id, name, x, y, width, height, taken_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
            ((photo_id, one.name, *astuple(one.area), at.isoformat()) for one in regions),
        )

    def _know(self, path: Path, photo_id: int) -> None:
        """Add a row for a sidecar; one that now belongs to another photo is a new one."""
        key = os.fsencode(path)
        self._db.conn.execute("DELETE FROM sidecars WHERE path = ? AND photo_id != ?", (key, photo_id))
        self._db.conn.execute(
            "INSERT INTO sidecars (path, photo_id) VALUES (?, ?) ON CONFLICT DO NOTHING", (key, photo_id)
        )

    def _look(self, path: Path) -> None:
        try:
            found = path.stat()
        except OSError:
            self._set(path, "size = NULL, mtime_ns = NULL, ctime_ns = NULL")
        else:
            self._set_stamp(path, Stamp.of_status(found))

    def _set_stamp(self, path: Path, stamp: Stamp) -> None:
        self._set(path, "size = ?, mtime_ns = ?, ctime_ns = ?", stamp.size, stamp.mtime_ns, stamp.ctime_ns)

    def _inscription(self, column: str, path: Path) -> SidecarContent | None:
        row = self._db.conn.execute(f"SELECT {column} FROM sidecars WHERE path = ?", (os.fsencode(path),)).fetchone()
        return None if row is None or row[0] is None else content_from_json(json.loads(row[0]))

    def _set(self, path: Path, assignments: str, *values: Any) -> None:
        self._db.conn.execute(f"UPDATE sidecars SET {assignments} WHERE path = ?", (*values, os.fsencode(path)))


def _area(sides: Sequence[float]) -> Area:
    x, y, width, height = sides
    return Area(x=x, y=y, width=width, height=height)


def _inscription(named: Sequence[tuple[str, Box]], kind: str, width: int, height: int) -> SidecarContent:
    """Return the intended content of the sidecars of one photo; without known people, nothing; videos have no areas."""
    names = tuple(dict.fromkeys(name for name, _ in named))
    if kind != "photo" or not names or not width or not height:
        return SidecarContent(names=names)
    regions = tuple(Region(name=name, area=area_of(box, width, height)) for name, box in named)
    visible = tuple(region for region in regions if region.area.width > 0 and region.area.height > 0)
    return SidecarContent(names=names, regions=visible, width=width, height=height)

"""A store with named and unnamed clusters, and the folder into which they were exported: what several tests share."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from familiar.identity.clustering.plan import Grouping, Member
from familiar.library.clusters.folders.contents import read_folder
from familiar.library.clusters.folders.diff import plan_changes
from familiar.library.clusters.folders.export import choose_portions
from familiar.library.clusters.folders.face_markers import FaceMarker, crop_name, marked
from familiar.library.clusters.folders.imports import ChangeResult, carry_out, read_snapshot, settle
from familiar.library.clusters.folders.manifest import (
    SPECIAL,
    ClusterManifest,
    ExportedFace,
    ExportedFolder,
    read_manifest,
    write_manifest,
)
from familiar.library.clusters.folders.plan import ImportPlan
from familiar.library.clusters.naming import name_cluster
from familiar.model import Box, Face, Photo
from familiar.store.store import Store
from support.stores import put_store

MODEL = "test"
PICTURE = b"\xff\xd8\xff\xe0\x00\x07JFIF\0\xff\xdb\x00\x04ab\xff\xda..picture..\xff\xd9"

CLUSTERS = ((1, 3, 4, 5), (6, 7, 8), (9, 10, 11), (12, 13), (2, 14))
"""The faces of clusters 1 to 5; 3 and 4 are Eileen Collins. Faces 1 and 2 are in one photo, all others alone."""


@dataclass(slots=True, kw_only=True)
class Review:
    """A store, and the folder into which its clusters were exported."""

    store: Store
    top: Path

    def export(self, **wishes: object) -> None:
        portions = choose_portions(self.store, **{"wanted": (), "unnamed": False, "most": None, **wishes})  # type: ignore[arg-type]
        for name in SPECIAL:
            (self.top / name).mkdir(parents=True)
        for portion in portions:
            (self.top / portion.name).mkdir()
            for face in portion.faces:
                (self.top / portion.name / crop_name(face.id)).write_bytes(self.crop(face.id))
        folders = {one.name: ExportedFolder(person=one.person, clusters=one.clusters) for one in portions}
        faces = {
            face.id: ExportedFace(folder=one.name, cluster=face.cluster, photo=face.hash)
            for one in portions
            for face in one.faces
        }
        write_manifest(self.top, ClusterManifest(folders=folders, faces=faces))

    def crop(self, face: int) -> bytes:
        return marked(PICTURE, FaceMarker(face=face, photo=self.store.clusters.photo_of(face) or ""))

    def plan(self) -> ImportPlan:
        manifest, lying = read_manifest(self.top), read_folder(self.top)
        return plan_changes(manifest, lying, read_snapshot(self.store, manifest, lying))

    def told(self) -> list[tuple[str, tuple[int, ...], str]]:
        return [(one.what, one.faces, one.target) for one in self.plan().changes]

    def refused(self) -> dict[str, str]:
        return {one.path: one.reason for one in self.plan().refused}

    def carry_out(self) -> list[ChangeResult]:
        manifest, lying, plan = read_manifest(self.top), read_folder(self.top), self.plan()
        outcomes = carry_out(self.store, plan.changes, model=MODEL, progress=lambda _done, _total: None)
        standing = read_snapshot(self.store, manifest, lying)
        write_manifest(self.top, settle(manifest, lying, plan, outcomes, standing))
        return outcomes

    def done(self) -> dict[str, list[tuple[int, ...]]]:
        """Carry all out, check that nothing is left to do and that each event can be undone, and return the groups."""
        assert [outcome.error for outcome in self.carry_out() if outcome.error] == []
        assert (self.plan().changes, self.plan().refused) == ((), ())
        return self.groups()

    def groups(self) -> dict[str, list[tuple[int, ...]]]:
        """Return the faces of each cluster, by name."""
        found: dict[str, list[tuple[int, ...]]] = {}
        for row in sorted(self.store.clusters.all(), key=lambda row: row.id):
            faces = tuple(sorted(face.id for face in self.store.clusters.faces(row.id)))
            found.setdefault(row.name or row.kind, []).append(faces)
        return found

    def move(self, face: int, folder: str, *, origin: str | None = None) -> None:
        (self.top / folder).mkdir(exist_ok=True)
        source = self.path(face) if origin is None else self.top / origin / crop_name(face)
        source.rename(self.top / folder / source.name)

    def path(self, face: int) -> Path:
        (found,) = self.top.rglob(crop_name(face))
        return found

    def rename(self, folder: str, name: str) -> None:
        (self.top / folder).rename(self.top / name)


def make_review(base: Path) -> None:
    """Make a store with the clusters, and export them."""
    with Store(put_store(base)) as store:
        record_faces(store)
        members = tuple(tuple(Member(face=face, distance=face / 100) for face in faces) for faces in CLUSTERS)
        store.rounds.apply(Grouping(fresh=members), MODEL, basis="")
        for cluster in (3, 4):
            name_cluster(store, cluster, "Eileen Collins", model=MODEL)
        Review(store=store, top=base / "faces").export()


@contextmanager
def copied(original: Path, to: Path) -> Iterator[Review]:
    shutil.copytree(original, to)
    with Store(to / "familiar.db") as store:
        yield Review(store=store, top=to / "faces")


def record_faces(store: Store) -> None:
    numbers = np.random.default_rng(1).normal(size=(14, 128)).astype(np.float32)
    for number, faces in enumerate([[1, 2], *([face] for face in range(3, 15))]):
        found = tuple(
            Face(
                box=Box(left=0, top=0, right=50, bottom=50),
                landmarks=(),
                embedding=numbers[face - 1],
                size=50,
                sharpness=9,
                engine=MODEL,
            )
            for face in faces
        )
        photo = Photo(hash=f"{number:064x}", format="JPEG", width=99, height=99, taken=None, engine=MODEL, faces=found)
        assert [face.id for face in store.photos.load(store.photos.record(photo)).faces] == faces
